#include "lib/archive/overlay.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "lib/archive/entry.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"

struct overlay_notes *overlay_new(struct err *e)
{
	void *p = mmap(NULL, sizeof(struct overlay_notes), PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? fail_sys(e, "mmap"), NULL : p;
}

void overlay_free(struct overlay_notes *o)
{
	if (o) munmap(o, sizeof *o);
}

bool overlay_is_attr(const char *name)
{
	return str_starts(name, "trusted.overlay.") || str_eq(name, "security.NTACL");
}

static char *add(char *to, const void *data, size_t n)
{
	memcpy(to, data, n);
	return to + n;
}

bool overlay_note(struct overlay_notes *o, const char *path, const struct attr *a)
{
	size_t path_n = strlen(path) + 1, name_n = strlen(a->name) + 1;
	uint16_t size = (uint16_t)a->size;
	char *p = o->text + o->n;

	if (a->size > UINT16_MAX) return false;
	if (sizeof size + path_n + name_n + size > sizeof o->text - o->n) return false;
	p = add(p, &size, sizeof size);
	p = add(p, path, path_n);
	p = add(p, a->name, name_n);
	p = add(p, a->value, size);
	o->n = (size_t)(p - o->text);
	return true;
}

/* -- the parent -- */

struct rest {
	const char *p;
	size_t n;
};

static const void *take_bytes(struct rest *r, size_t n)
{
	const char *p = r->p;

	if (n > r->n) return NULL;
	r->p += n;
	r->n -= n;
	return p;
}

static const char *take_string(struct rest *r)
{
	size_t n = strnlen(r->p, r->n);

	return n == r->n ? NULL : take_bytes(r, n + 1);
}

static bool take_note(struct rest *r, const char **path, struct attr *a)
{
	const void *head = take_bytes(r, sizeof(uint16_t));
	uint16_t size;

	if (!head) return false;
	memcpy(&size, head, sizeof size);
	*path = take_string(r);
	a->name = *path ? take_string(r) : NULL;
	a->value = a->name ? take_bytes(r, size) : NULL;
	a->size = size;
	return a->value;
}

/* By the link in /proc: to open a device or a fifo may have effects, and attributes cannot be
 * set on what is only known by O_PATH. */
static bool set(int dir, const char *path, const struct attr *a)
{
	const uint64_t rules = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			       RESOLVE_NO_XDEV;
	AUTOCLOSE int place = open_by_rules(dir, path, O_PATH | O_NOFOLLOW, 0, rules);
	char link[40];
	struct stat st;

	if (!overlay_is_attr(a->name) || place < 0 || fstat(place, &st) < 0) return false;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", place);
	return setxattr(link, a->name, a->value, a->size, 0) == 0;
}

uint64_t overlay_set(const struct overlay_notes *o, int dir)
{
	struct rest r = { o->text, o->n < sizeof o->text ? o->n : sizeof o->text };
	uint64_t lost = 0;
	const char *path;
	struct attr a;

	while (take_note(&r, &path, &a))
		lost += !set(dir, *path ? path : ".", &a);
	return lost;
}
