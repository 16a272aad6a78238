#include "lib/archive/acl.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum { VERSION = 2, HEAD_SIZE = 4, LINE_SIZE = 8, LINES_MAX = 4096 };

static void put_bytes(uint8_t *p, int bytes, uint32_t v)
{
	for (int i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
}

static int compare_lines(const void *a, const void *b)
{
	const struct acl_line *x = a, *y = b;

	if (x->tag != y->tag) return x->tag < y->tag ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int has_id(const struct acl_line *l)
{
	return l->tag == ACL_USER || l->tag == ACL_GROUP;
}

/* The mask to add, with bit 3 set; 0 if the lines have one or need none. */
static unsigned missing_mask(const struct acl_line *lines, size_t n)
{
	unsigned mask = 0;
	int named = 0;

	for (size_t i = 0; i < n; i++) {
		if (lines[i].tag == ACL_MASK) return 0;
		if (has_id(&lines[i])) named = 1;
		if (has_id(&lines[i]) || lines[i].tag == ACL_OWNING_GROUP)
			mask |= lines[i].perm;
	}
	return named ? mask | 8 : 0;
}

void *acl_pack(struct arena *m, struct acl_line *lines, size_t n, size_t *size,
               struct err *e)
{
	struct acl_line *all;
	unsigned mask;
	uint8_t *value;

	if (n > LINES_MAX) return fail(e, ERR_INPUT, "its ACL has %zu lines", n), NULL;
	mask = missing_mask(lines, n);
	all = arena_array(m, n + 1, sizeof *all);
	if (n) memcpy(all, lines, n * sizeof *all);
	if (mask) all[n++] = (struct acl_line){ .tag = ACL_MASK, .perm = mask & 7 };
	qsort(all, n, sizeof *all, compare_lines);

	*size = HEAD_SIZE + n * LINE_SIZE;
	value = arena_alloc(m, *size);
	put_bytes(value, 4, VERSION);
	for (size_t i = 0; i < n; i++) {
		uint8_t *p = value + HEAD_SIZE + i * LINE_SIZE;

		put_bytes(p, 2, all[i].tag);
		put_bytes(p + 2, 2, all[i].perm & 7);
		put_bytes(p + 4, 4, has_id(&all[i]) ? all[i].id : ACL_NO_ID);
	}
	return value;
}

static uint32_t get_bytes(const uint8_t *p, int bytes)
{
	uint32_t v = 0;

	for (int i = 0; i < bytes; i++) v |= (uint32_t)p[i] << 8 * i;
	return v;
}

static const char *tag_word(uint32_t tag)
{
	switch (tag) {
	case ACL_OWNER: case ACL_USER: return "user";
	case ACL_OWNING_GROUP: case ACL_GROUP: return "group";
	case ACL_MASK: return "mask";
	case ACL_OTHER: return "other";
	default: return NULL;
	}
}

const char *acl_text(struct arena *m, const void *value, size_t size)
{
	struct str text = { .m = m };
	const uint8_t *p = value;

	if (size < HEAD_SIZE || (size - HEAD_SIZE) % LINE_SIZE) return NULL;
	if (get_bytes(p, 4) != VERSION) return NULL;
	for (size_t at = HEAD_SIZE; at < size; at += LINE_SIZE) {
		struct acl_line l = { .tag = get_bytes(p + at, 2),
				      .perm = get_bytes(p + at + 2, 2),
				      .id = get_bytes(p + at + 4, 4) };
		const char *word = tag_word(l.tag);

		if (!word) return NULL;
		str_addf(&text, "%s%s:", text.len ? "," : "", word);
		if (has_id(&l)) str_addf(&text, "%u", (unsigned)l.id);
		str_addf(&text, ":%c%c%c", l.perm & 4 ? 'r' : '-', l.perm & 2 ? 'w' : '-',
		         l.perm & 1 ? 'x' : '-');
	}
	return str_text(&text);
}

static uint32_t third_field(const char *line, const char *end)
{
	const char *p = memchr(line, ':', (size_t)(end - line));
	unsigned long id;
	char *stop;

	p = p ? memchr(p + 1, ':', (size_t)(end - p - 1)) : NULL;
	if (!p || p[1] < '0' || p[1] > '9') return ACL_NO_ID;
	id = strtoul(p + 1, &stop, 10);
	return *stop == ':' && id < ACL_NO_ID ? (uint32_t)id : ACL_NO_ID;
}

uint32_t acl_find_id(const char *text, const char *name)
{
	size_t n = strlen(name);
	const char *end;

	for (; n && *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		if (!strncmp(text, name, n) && text[n] == ':') return third_field(text, end);
	}
	return ACL_NO_ID;
}
