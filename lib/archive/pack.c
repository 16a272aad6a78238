#include "lib/archive/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/squeeze.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"

enum { SPOOL_PIECE = 64 << 10 };

void pack_begin(struct pack *p)
{
	p->lines = (struct str){ .m = &p->of_lines };
	sha256_begin(&p->frame);
}

void pack_free(struct pack *p)
{
	arena_free(&p->of_entry);
	arena_free(&p->of_lines);
}

static int add_frame(struct pack *p, const void *data, size_t n, struct err *e)
{
	sha256_add(&p->frame, data, n);
	return squeeze_add(p->to, data, n, e);
}

static int add_padding(struct pack *p, uint64_t n, struct err *e)
{
	static const char zeros[TAR_BLOCK];

	return add_frame(p, zeros, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK, e);
}

/* -- the manifest -- */

static int spool_lines(struct pack *p, struct err *e)
{
	if (p->lines.len && write_all(p->spool, p->lines.s, p->lines.len, e) < 0)
		return fail_in(e, "the manifest");
	p->listed += p->lines.len;
	p->lines.len = 0;
	return 0;
}

static void add_path(struct str *line, const char *path)
{
	for (const char *c = path; *c; c++) {
		if (*c == '\\' || *c == '\n') str_addc(line, '\\');
		str_addc(line, *c == '\n' ? 'n' : *c);
	}
}

/* The current entry is complete. */
static int list_entry(struct pack *p, struct err *e)
{
	char hex[SHA256_HEX + 1] = "-";

	if (p->stored) sha256_end(&p->content, hex);
	str_addf(&p->lines, "%s %" PRIu64 " ", hex, p->size);
	add_path(&p->lines, p->path);
	str_addc(&p->lines, '\n');
	return p->lines.len >= SPOOL_PIECE ? spool_lines(p, e) : 0;
}

/* -- entries -- */

static int end_entry(struct pack *p, struct err *e)
{
	return add_padding(p, p->stored, e) < 0 ? -1 : list_entry(p, e);
}

int pack_entry(struct pack *p, const struct tar_entry *n, struct err *e)
{
	struct str head = { .m = &p->of_entry }, map = { .m = &p->of_entry };
	bool lost = false;

	arena_free(&p->of_entry);
	p->stored = p->left = tar_head_add(&head, &map, n, &lost);
	p->path = n->path;
	p->size = S_ISREG(n->mode) && !n->hard ? n->size : 0;
	p->entries++;
	p->lost += lost;
	if (add_frame(p, head.s, head.len, e) < 0) return -1;
	if (!p->stored) return list_entry(p, e);
	sha256_begin(&p->content);
	return pack_add(p, str_text(&map), map.len, e);
}

void *pack_room(struct pack *p, size_t *room, struct err *e)
{
	void *to = squeeze_room(p->to, room, e);

	if (*room > p->left) *room = (size_t)p->left;
	return to;
}

static int took(struct pack *p, const void *data, size_t n, struct err *e)
{
	sha256_add(&p->content, data, n);
	squeeze_took(p->to, n);
	p->left -= n;
	return n && !p->left ? end_entry(p, e) : 0;
}

int pack_took(struct pack *p, size_t n, struct err *e)
{
	size_t room;
	void *data = squeeze_room(p->to, &room, e);

	return data ? took(p, data, n, e) : -1;
}

int pack_add(struct pack *p, const void *data, size_t n, struct err *e)
{
	const char *from = data;

	while (n) {
		size_t room;
		void *to = pack_room(p, &room, e);

		if (!to) return -1;
		if (room > n) room = n;
		memcpy(to, from, room);
		if (took(p, to, room, e) < 0) return -1;
		from += room;
		n -= room;
	}
	return 0;
}

/* -- the end -- */

static int add_spool(struct pack *p, struct err *e)
{
	char *piece = arena_alloc(&p->of_entry, SPOOL_PIECE);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(p->spool, piece, SPOOL_PIECE, at)) != 0) {
		if (n < 0) return fail_sys(e, "read the manifest");
		if (add_frame(p, piece, (size_t)n, e) < 0) return -1;
		at += n;
	}
	return (uint64_t)at == p->listed ? 0 : fail(e, ERR_HOST, "the manifest changed");
}

int pack_end(struct pack *p, struct err *e)
{
	static const char zeros[2 * TAR_BLOCK];
	struct str head = { .m = &p->of_entry };
	struct tar_entry n = { .path = PACK_MANIFEST, .mode = S_IFREG | 0600 };
	char line[PACK_FRAME_LINE + 1];
	bool lost;

	if (spool_lines(p, e) < 0) return -1;
	arena_free(&p->of_entry);
	n.size = p->listed + PACK_FRAME_LINE;
	tar_head_add(&head, &head, &n, &lost);
	if (add_frame(p, head.s, head.len, e) < 0 || add_spool(p, e) < 0) return -1;
	sha256_end(&p->frame, line);
	strcpy(line + SHA256_HEX, " frame\n");
	if (squeeze_add(p->to, line, PACK_FRAME_LINE, e) < 0) return -1;
	if (add_padding(p, n.size, e) < 0) return -1;
	return squeeze_add(p->to, zeros, sizeof zeros, e);
}
