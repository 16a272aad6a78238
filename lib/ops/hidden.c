#include "lib/ops/hidden.h"

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
#include "lib/jail/layout.h"

#define LOCKS LAYOUT_RUN "/work"
#define ATTRIBUTE "trusted.jlmkr"

enum { ID_DIGITS = 16, MARK_MAX = 64 };

static const char *const prefixes[] = { ".create-", ".remove-" };
static const char *const marks[] = { "jail", "trash" };

static void fill(struct arena *m, enum hidden_kind kind, const char *name, const char *id,
                 struct hidden *h)
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

	if (getrandom(&number, sizeof number, 0) != sizeof number) return fail_sys(e, "getrandom");
	fill(m, kind, name, arena_printf(m, "%016" PRIx64, number), h);
	return hidden_lock(h, name, e);
}

static bool parse_as(struct arena *m, enum hidden_kind kind, const char *entry, struct hidden *h)
{
	size_t n = strlen(entry), before = strlen(prefixes[kind]);
	const char *id;

	if (!str_starts(entry, prefixes[kind]) || n < before + 1 + 1 + ID_DIGITS) return false;
	id = entry + n - ID_DIGITS;
	if (id[-1] != '-' || strspn(id, "0123456789abcdef") != ID_DIGITS) return false;
	fill(m, kind, arena_strndup(m, entry + before, n - before - 1 - ID_DIGITS), arena_strdup(m, id), h);
	return true;
}

bool hidden_parse(struct arena *m, const char *entry, struct hidden *h)
{
	return parse_as(m, HIDDEN_CREATE, entry, h) || parse_as(m, HIDDEN_REMOVE, entry, h);
}

/* -- the lock -- */

static int make_folder(const char *path, mode_t mode, struct err *e)
{
	return mkdir(path, mode) < 0 && errno != EEXIST ? fail_sys(e, "create %s", path) : 0;
}

/* The file may have been removed by who had the lock: then it is one of nothing. */
static int lock_file(const char *path, int flags, const char *what, struct err *e)
{
	struct stat st;

	if (make_folder(LAYOUT_RUN, 0755, e) < 0 || make_folder(LOCKS, 0700, e) < 0) return -1;
	for (;;) {
		AUTOCLOSE int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | flags, 0600);

		if (fd < 0) return fail_sys(e, "open %s", path);
		if (lock_take(fd, now_ms(), what, e) < 0) return -1;
		if (fstat(fd, &st) < 0) return fail_sys(e, "fstat");
		if (st.st_nlink) return take_fd(&fd);
	}
}

static void unlock_file(const char *path, int *lock)
{
	if (*lock < 0) return;
	unlink(path);
	close(take_fd(lock));
}

static const char *lock_path(const struct hidden *h, struct arena *m)
{
	return arena_printf(m, LOCKS "/%s", h->id);
}

int hidden_lock(struct hidden *h, const char *what, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	h->lock = lock_file(lock_path(h, &m), 0, what, e);
	return h->lock < 0 ? -1 : 0;
}

void hidden_done(struct hidden *h)
{
	AUTOFREE struct arena m = { 0 };

	unlock_file(lock_path(h, &m), &h->lock);
}

/* "2049:12:web": of which jails/ it is. */
static const char *alone_path(struct arena *m, int jails, const char *name)
{
	struct stat st;

	if (fstat(jails, &st) < 0) memset(&st, 0, sizeof st);
	return arena_printf(m, LOCKS "/%ju:%ju:%s", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, name);
}

int hidden_lock_name(int jails, const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	return lock_file(alone_path(&m, jails, name), O_CLOEXEC, name, e);
}

void hidden_unlock_name(int jails, const char *name, int *lock)
{
	AUTOFREE struct arena m = { 0 };

	unlock_file(alone_path(&m, jails, name), lock);
}

/* -- the mark -- */

static bool has_no_room(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EROFS;
}

int hidden_mark(const struct hidden *h, int dir, struct err *e)
{
	if (fsetxattr(dir, ATTRIBUTE, h->mark, strlen(h->mark), 0) == 0) return 0;
	if (has_no_room(errno)) return fail_sys(e, "mark %s", h->name);
	return replace_file(dir, HIDDEN_FILE, h->mark, strlen(h->mark), 0600, e);
}

bool hidden_is_marked(const struct hidden *h, int dir)
{
	AUTOFREE struct arena m = { 0 };
	char mark[MARK_MAX];
	ssize_t n = fgetxattr(dir, ATTRIBUTE, mark, sizeof mark - 1);
	const char *text;

	if (n < 0) text = read_in_root(&m, dir, HIDDEN_FILE, MARK_MAX, NULL);
	else mark[n] = 0, text = mark;
	return text && str_eq(text, h->mark);
}

void hidden_unmark(const struct hidden *h, int dir)
{
	if (!hidden_is_marked(h, dir)) return;
	fremovexattr(dir, ATTRIBUTE);
	unlinkat(dir, HIDDEN_FILE, 0);
}
