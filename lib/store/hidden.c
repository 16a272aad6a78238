#include "lib/store/hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mark.h"
#include "lib/jail/layout.h"

enum { ID_DIGITS = 16 };

static const char *const prefixes[] = { ".create-", ".remove-", ".receive-" };
static const char *const marks[] = { "jail", "trash", "receive" };

static void fill_hidden(struct arena *m, enum hidden_kind kind, const char *name,
                        const char *id, struct hidden *h)
{
	*h = (struct hidden){
		.kind = kind,
		.name = name,
		.id = id,
		.entry = arena_printf(m, "%s%s-%s", prefixes[kind], name, id),
		.mark = arena_printf(m, "%s:%s", marks[kind], id),
		.lock = -1,
	};
}

int hidden_new(struct arena *m, enum hidden_kind kind, const char *name, struct hidden *h,
               struct err *e)
{
	uint64_t number;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		return fail_sys(e, "getrandom");
	fill_hidden(m, kind, name, arena_printf(m, "%016" PRIx64, number), h);
	return hidden_lock(h, name, e);
}

static bool parse_as(struct arena *m, enum hidden_kind kind, const char *entry,
                     struct hidden *h)
{
	size_t n = strlen(entry), before = strlen(prefixes[kind]);
	const char *id;

	if (!str_starts(entry, prefixes[kind]) || n < before + 1 + 1 + ID_DIGITS) return false;
	id = entry + n - ID_DIGITS;
	if (id[-1] != '-' || strspn(id, "0123456789abcdef") != ID_DIGITS) return false;
	fill_hidden(m, kind, arena_strndup(m, entry + before, n - before - 1 - ID_DIGITS),
	            arena_strdup(m, id), h);
	return true;
}

bool hidden_parse(struct arena *m, const char *entry, struct hidden *h)
{
	return parse_as(m, HIDDEN_CREATE, entry, h) ||
	       parse_as(m, HIDDEN_REMOVE, entry, h) || parse_as(m, HIDDEN_RECEIVE, entry, h);
}

/* -- the lock -- */

/* No jail has a name with a colon, so the key cannot be that of a jail's lock. */
int hidden_lock(struct hidden *h, const char *what, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	h->lock = lock_named_for_all(arena_printf(&m, "work:%s", h->id), now_ms(), what, e);
	return h->lock < 0 ? -1 : 0;
}

static void drop_lock(int *lock)
{
	lock_drop(lock);
	*lock = -1;
}

void hidden_done(struct hidden *h)
{
	drop_lock(&h->lock);
}

int hidden_lock_name(int jails, const char *name, int64_t deadline, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct stat st;

	if (fstat(jails, &st) < 0) return fail_sys(e, "fstat");
	return lock_named(arena_printf(&m, "new:%ju:%ju:%s", (uintmax_t)st.st_dev,
	                               (uintmax_t)st.st_ino, name),
	                  deadline, name, e);
}

void hidden_unlock_name(int *lock)
{
	drop_lock(lock);
}

/* -- the mark -- */

static bool has_no_room(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EROFS;
}

static int set_attribute(const struct hidden *h, int dir)
{
	return fsetxattr(dir, MARK_ATTRIBUTE, h->mark, strlen(h->mark), 0);
}

int hidden_mark(const struct hidden *h, int dir, struct err *e)
{
	if (set_attribute(h, dir) == 0) return 0;
	if (has_no_room(errno)) return fail_sys(e, "mark %s", h->name);
	return replace_file(dir, HIDDEN_FILE, h->mark, strlen(h->mark), 0600, e);
}

void hidden_mark_bare(const struct hidden *h, int dir)
{
	set_attribute(h, dir);
}

bool hidden_is_marked(const struct hidden *h, int dir)
{
	AUTOFREE struct arena m = { 0 };
	char mark[MARK_MAX];
	ssize_t n = fgetxattr(dir, MARK_ATTRIBUTE, mark, sizeof mark - 1);
	const char *text;

	if (n < 0) text = read_in_root(&m, dir, HIDDEN_FILE, MARK_MAX, NULL);
	else mark[n] = 0, text = mark;
	return text && str_eq(text, h->mark);
}

void hidden_unmark(const struct hidden *h, int dir)
{
	if (!hidden_is_marked(h, dir)) return;
	fremovexattr(dir, MARK_ATTRIBUTE);
	unlinkat(dir, HIDDEN_FILE, 0);
}
