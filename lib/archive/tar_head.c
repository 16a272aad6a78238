#include "lib/archive/tar_head.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/archive/acl.h"
#include "lib/archive/entry.h"
#include "lib/archive/overlay.h"
#include "lib/base/arena.h"
#include "lib/base/str.h"

/* As in the file. */
struct head {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155],
		pad[12];
};

_Static_assert(sizeof(struct head) == TAR_BLOCK, "the size of a header");

/* -- fields -- */

/* Octal digits, and a NUL; what does not fit, in base 256 with the highest bit set. */
static void put_number(char *field, size_t room, uint64_t v)
{
	if (v >> 3 * (room - 1) == 0) {
		char digits[24];

		snprintf(digits, sizeof digits, "%0*llo", (int)room - 1, (unsigned long long)v);
		memcpy(field, digits, room);
		return;
	}
	for (size_t i = room; i-- > 1; v >>= 8) field[i] = (char)v;
	field[0] = (char)0x80;
}

static void put_text(char *field, size_t room, const char *text, size_t n)
{
	memcpy(field, text, n < room ? n : room);
}

static unsigned sum_of(const struct head *h)
{
	const unsigned char *p = (const unsigned char *)h;
	size_t at = offsetof(struct head, sum);
	unsigned sum = ' ' * sizeof h->sum;

	for (size_t i = 0; i < sizeof *h; i++)
		if (i < at || i >= at + sizeof h->sum) sum += p[i];
	return sum;
}

static void add_head(struct str *out, struct head *h)
{
	char sum[sizeof h->sum];

	memcpy(h->magic, "ustar", sizeof h->magic);
	memcpy(h->version, "00", sizeof h->version);
	snprintf(sum, sizeof sum, "%06o", sum_of(h));
	memcpy(h->sum, sum, 7);
	h->sum[7] = ' ';
	str_addn(out, h, sizeof *h);
}

static void pad(struct str *out)
{
	static const char zeros[TAR_BLOCK];

	if (out->len % TAR_BLOCK) str_addn(out, zeros, TAR_BLOCK - out->len % TAR_BLOCK);
}

/* -- pax records -- */

/* "LENGTH KEY=VALUE\n", where the length counts itself. */
static void add_record(struct str *pax, const char *key, const void *value, size_t n)
{
	size_t body = strlen(key) + n + 3, digits = 1, reach = 10;

	while (body + digits >= reach) digits++, reach *= 10;
	str_addf(pax, "%zu %s=", body + digits, key);
	str_addn(pax, value, n);
	str_addc(pax, '\n');
}

static void add_text(struct str *pax, const char *key, const char *text)
{
	add_record(pax, key, text, strlen(text));
}

/* Readers do not agree on fractions before 1970. */
static void add_time(struct str *pax, const struct timespec *t)
{
	long long s = t->tv_sec;
	char text[48], *end;

	if (!t->tv_nsec && s >= 0 && s >> 33 == 0) return;
	snprintf(text, sizeof text, "%lld.%09ld", s, s < 0 ? 0L : (long)t->tv_nsec);
	for (end = text + strlen(text); end[-1] == '0'; end--) end[-1] = 0;
	if (end[-1] == '.') end[-1] = 0;
	add_text(pax, "mtime", text);
}

static bool add_acl(struct str *pax, const struct attr *a, const char *key)
{
	const char *text = acl_text(pax->m, a->value, a->size);

	if (text) add_text(pax, key, text);
	return text;
}

/* A key ends at its first '='. */
static bool add_attr(struct str *pax, const struct attr *a)
{
	if (str_eq(a->name, "system.posix_acl_access"))
		return add_acl(pax, a, "SCHILY.acl.access");
	if (str_eq(a->name, "system.posix_acl_default"))
		return add_acl(pax, a, "SCHILY.acl.default");
	if (!entry_keeps(a->name) && !overlay_is_attr(a->name)) return false;
	if (strchr(a->name, '=')) return false;
	add_record(pax, arena_printf(pax->m, "SCHILY.xattr.%s", a->name), a->value, a->size);
	return true;
}

/* -- holes -- */

/* The last line says where the file ends, if it ends with a hole. */
static void add_map(struct str *map, const struct tar_entry *n)
{
	uint64_t end = 0;
	bool ends;

	if (n->extents_n) {
		const struct tar_extent *last = &n->extents[n->extents_n - 1];

		end = last->at + last->n;
	}
	ends = end < n->size;
	str_addf(map, "%zu\n", n->extents_n + ends);
	for (size_t i = 0; i < n->extents_n; i++)
		str_addf(map, "%llu\n%llu\n", (unsigned long long)n->extents[i].at,
		         (unsigned long long)n->extents[i].n);
	if (ends) str_addf(map, "%llu\n0\n", (unsigned long long)n->size);
	pad(map);
}

static void add_holes(struct str *pax, const char *path, const struct tar_entry *n)
{
	add_text(pax, "GNU.sparse.major", "1");
	add_text(pax, "GNU.sparse.minor", "0");
	add_text(pax, "GNU.sparse.name", path);
	add_text(pax, "GNU.sparse.realsize", arena_printf(pax->m, "%llu",
	                                                  (unsigned long long)n->size));
}

/* -- entries -- */

static char type_of(const struct tar_entry *n)
{
	if (n->hard) return '1';
	switch (n->mode & S_IFMT) {
	case S_IFLNK: return '2';
	case S_IFCHR: return '3';
	case S_IFBLK: return '4';
	case S_IFDIR: return '5';
	case S_IFIFO: return '6';
	default: return '0';
	}
}

static void add_pax(struct str *out, struct str *pax)
{
	struct head h = { .type = 'x', .name = "jlmkr-pax" };

	if (!pax->len) return;
	put_number(h.mode, sizeof h.mode, 0644);
	put_number(h.uid, sizeof h.uid, 0);
	put_number(h.gid, sizeof h.gid, 0);
	put_number(h.mtime, sizeof h.mtime, 0);
	put_number(h.size, sizeof h.size, pax->len);
	add_head(out, &h);
	str_addn(out, pax->s, pax->len);
	pad(out);
}

static void fill_head(struct head *h, const struct tar_entry *n, const char *path,
                      uint64_t stored)
{
	const struct timespec *t = &n->mtime;
	bool is_device = S_ISCHR(n->mode) || S_ISBLK(n->mode);

	h->type = type_of(n);
	put_text(h->name, sizeof h->name, path, strlen(path));
	put_number(h->mode, sizeof h->mode, n->mode & 07777);
	put_number(h->uid, sizeof h->uid, n->uid);
	put_number(h->gid, sizeof h->gid, n->gid);
	put_number(h->size, sizeof h->size, stored);
	put_number(h->mtime, sizeof h->mtime, t->tv_sec > 0 ? (uint64_t)t->tv_sec : 0);
	if (n->link) put_text(h->link, sizeof h->link, n->link, strlen(n->link));
	put_number(h->major, sizeof h->major, is_device ? major(n->dev) : 0);
	put_number(h->minor, sizeof h->minor, is_device ? minor(n->dev) : 0);
}

uint64_t tar_head_add(struct str *out, struct str *map, const struct tar_entry *n, bool *lost)
{
	struct arena *m = out->m;
	struct str pax = { .m = m };
	const char *path = S_ISDIR(n->mode) ? arena_printf(m, "%s/", n->path) : n->path;
	uint64_t stored = S_ISREG(n->mode) && !n->hard ? n->size : 0;
	struct head h = { 0 };

	if (n->extents) {
		add_holes(&pax, path, n);
		add_map(map, n);
		path = arena_printf(m, "GNUSparseFile.0/%s", path);
		stored = map->len;
		for (size_t i = 0; i < n->extents_n; i++) stored += n->extents[i].n;
	} else if (strlen(path) > sizeof h.name) {
		add_text(&pax, "path", path);
	}
	if (n->link && strlen(n->link) > sizeof h.link) add_text(&pax, "linkpath", n->link);
	add_time(&pax, &n->mtime);
	for (size_t i = 0; i < n->attrs_n; i++)
		if (!add_attr(&pax, &n->attrs[i])) *lost = true;
	add_pax(out, &pax);
	fill_head(&h, n, path, stored);
	add_head(out, &h);
	return stored;
}

/* -- parsed -- */

static bool get_number(const char *field, size_t room, uint64_t *v)
{
	size_t i = 0;

	*v = 0;
	if (field[0] & 0x80) {
		for (i = 1; i < room; i++) {
			if (*v >> 56) return false;
			*v = *v << 8 | (unsigned char)field[i];
		}
		return (unsigned char)field[0] == 0x80;
	}
	for (; i < room && field[i] >= '0' && field[i] <= '7'; i++)
		*v = *v << 3 | (uint64_t)(field[i] - '0');
	return i && (i == room || field[i] == 0 || field[i] == ' ');
}

bool tar_head_parse(const unsigned char *block, struct tar_seen *out)
{
	struct head h;
	uint64_t sum;

	memcpy(&h, block, sizeof h);
	if (memcmp(h.magic, "ustar", sizeof h.magic)) return false;
	if (!get_number(h.sum, sizeof h.sum, &sum) || sum != sum_of(&h)) return false;
	memcpy(out->name, h.name, sizeof h.name);
	out->name[sizeof h.name] = 0;
	out->type = h.type;
	return get_number(h.size, sizeof h.size, &out->size) && out->size <= INT64_MAX;
}
