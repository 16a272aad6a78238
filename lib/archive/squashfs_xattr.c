/* Extended attributes. Files with the same ones share them, and a value may be somewhere else,
 * where several refer to it. */

#include <string.h>

#include "lib/archive/entry.h"
#include "lib/archive/squashfs_impl.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

enum { ATTRS_MAX = 256, VALUE_MAX = 64 << 10, PREFIXES = 3, ELSEWHERE = 0x100 };

static const char *const prefixes[PREFIXES] = { "user.", "trusted.", "security." };

static int read_value(struct squashfs *s, struct arena *m, struct cursor *c, struct attr *a,
                      struct err *e)
{
	uint8_t raw[4];
	uint32_t n;

	if (cursor_read(s, c, raw, sizeof raw, e) < 0) return -1;
	if ((n = get32(raw)) > VALUE_MAX) return fail(e, ERR_INPUT, "an attribute is too long");
	a->size = n;
	a->value = arena_alloc(m, n + (size_t)1);
	return cursor_read(s, c, (void *)a->value, n, e);
}

static int read_far_value(struct squashfs *s, struct arena *m, struct cursor *c,
                          struct attr *a, struct err *e)
{
	struct cursor there;
	uint8_t raw[12];

	if (cursor_read(s, c, raw, sizeof raw, e) < 0) return -1;
	if (get32(raw) != 8) return squashfs_fail(e, "the value of an attribute is wrong");
	if (cursor_refer(s, &there, s->xattr_values, get64(raw + 4), e) < 0) return -1;
	return read_value(s, m, &there, a, e);
}

/* Returns 1, or 0 for an attribute of a kind that nobody can set. */
static int read_attr(struct squashfs *s, struct arena *m, struct cursor *c, struct attr *a,
                     struct err *e)
{
	uint8_t raw[4];
	char name[NAME_LIMIT + 1];
	uint32_t kind, n;

	if (cursor_read(s, c, raw, sizeof raw, e) < 0) return -1;
	kind = get16(raw);
	n = get16(raw + 2);
	if (n == 0 || n > NAME_LIMIT)
		return squashfs_fail(e, "the name of an attribute is wrong");
	if (cursor_read(s, c, name, n, e) < 0) return -1;
	name[n] = 0;
	if (strlen(name) != n) return squashfs_fail(e, "the name of an attribute is wrong");
	if ((kind & ELSEWHERE ? read_far_value(s, m, c, a, e) : read_value(s, m, c, a, e)) < 0)
		return -1;
	kind &= ~(uint32_t)ELSEWHERE;
	if (kind >= PREFIXES) return 0;
	a->name = arena_printf(m, "%s%s", prefixes[kind], name);
	return 1;
}

int xattrs_read(struct squashfs *s, struct arena *m, uint32_t index, struct attr **attrs,
                size_t *n, bool *bare, struct err *e)
{
	struct cursor c;
	uint8_t raw[16];
	uint32_t count;

	*n = 0;
	if (index == NO_XATTR) return 0;
	if (index >= s->xattrs) return squashfs_fail(e, "the number of an attribute is wrong");
	if (table_read(s, s->xattr_table + sizeof raw, index, sizeof raw, raw, e) < 0)
		return -1;
	if ((count = get32(raw + 8)) > ATTRS_MAX)
		return fail(e, ERR_INPUT, "it has too many attributes");
	if (cursor_refer(s, &c, s->xattr_values, get64(raw), e) < 0) return -1;
	*attrs = arena_array(m, count, sizeof **attrs);
	while (count--) {
		int rc = read_attr(s, m, &c, &(*attrs)[*n], e);

		if (rc < 0) return -1;
		if (rc) ++*n;
		else *bare = true;
	}
	return 0;
}
