#include "lib/disk/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"
#include "lib/disk/statx.h"
#include "lib/disk/zfs.h"

enum { LINKS_MAX = 40 };	/* as the kernel's own */

struct trail {
	int at;			/* the directory that was reached */
	dev_t dev;		/* of it */
	char rest[PATH_MAX];	/* the path from there */
	unsigned links;
	struct arena *m;	/* with it: find the doubt */
	const char *doubt;
};

/* Without asking a server for anything newer. */
static int look_without_sync(int fd, struct statx *st)
{
	return (int)syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
	                    STATX_TYPE | STATX_UID, st);
}

static dev_t dev_of(const struct statx *st)
{
	return (dev_t)st->stx_dev_major << 32 | st->stx_dev_minor;
}

static int check_kind(int fd, const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const struct mount *mnt;
	struct mounts t;

	if (mounts_read(&m, &t, e) < 0 || !(mnt = mount_of(&t, fd, e))) return -1;
	if (zfs_of(mnt) || mount_keeps_files(mnt)) return 0;
	return fail(e, ERR_INPUT, "'%s' on that way is a file system of type %s, which is not "
	            "on the disks of this machine", name, mnt->type);
}

/* Takes the descriptor. */
static int trail_enter(struct trail *t, int *dir, const struct statx *st, const char *name,
                       struct err *e)
{
	if (dev_of(st) != t->dev && check_kind(*dir, name, e) < 0) return -1;
	t->dev = dev_of(st);
	close(t->at);
	t->at = take_fd(dir);
	return 0;
}

static int trail_enter_root(struct trail *t, struct err *e)
{
	AUTOCLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx st;

	if (root < 0 || look_without_sync(root, &st) < 0) return fail_sys(e, "/");
	t->dev = dev_of(&st);
	return trail_enter(t, &root, &st, "/", e);
}

/* Where a link lies counts as well, but for the first one, whose directory is the caller's. */
static void doubt_place(struct trail *t)
{
	const char *path = t->m && !t->doubt ? mount_fd_path(t->m, t->at, NULL) : NULL;

	if (path) t->doubt = owner_above(t->m, path);
}

static int trail_follow(struct trail *t, int link, const struct statx *st, const char *name,
                        struct err *e)
{
	char text[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof text - 1);

	if (n < 0) return fail_sys(e, "readlink");
	text[n] = 0;
	if (geteuid() == 0 && st->stx_uid != 0)
		return fail(e, ERR_UNTRUSTED, "the link '%s' belongs to the user %u, and root "
		            "follows only its own; if you trust it: chown -h root", name,
		            st->stx_uid);
	if (t->links++) doubt_place(t);
	errno = ELOOP;
	if (t->links > LINKS_MAX) return fail_sys(e, "too many links");
	errno = ENAMETOOLONG;
	if (snprintf(rest, sizeof rest, "%s/%s", text, t->rest) >= (int)sizeof rest)
		return fail_sys(e, "it");
	memcpy(t->rest, rest, sizeof rest);
	return *text == '/' ? trail_enter_root(t, e) : 0;
}

/* One component of the path. */
static int trail_step(struct trail *t, struct err *e)
{
	size_t skip = strspn(t->rest, "/"), n = strcspn(t->rest + skip, "/");
	char name[NAME_MAX + 1];
	AUTOCLOSE int fd = -1;
	struct statx st;

	errno = ENAMETOOLONG;
	if (n > NAME_MAX) return fail_sys(e, "it");
	snprintf(name, sizeof name, "%.*s", (int)n, t->rest + skip);
	memmove(t->rest, t->rest + skip + n, strlen(t->rest + skip + n) + 1);
	if (!n) return 0;
	fd = openat(t->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || look_without_sync(fd, &st) < 0) return fail_sys(e, "'%s'", name);
	if (S_ISLNK(st.stx_mode)) return trail_follow(t, fd, &st, name, e);
	errno = ENOTDIR;
	if (!S_ISDIR(st.stx_mode)) return fail_sys(e, "'%s'", name);
	return trail_enter(t, &fd, &st, name, e);
}

static int trail_walk(struct trail *t, int at, const char *name, struct err *e)
{
	struct statx st;

	if ((t->at = openat(at, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fail_sys(e, "open");
	if (look_without_sync(t->at, &st) < 0) return fail_sys(e, "look at it");
	t->dev = dev_of(&st);
	snprintf(t->rest, sizeof t->rest, "%s", name);
	while (*t->rest)
		if (trail_step(t, e) < 0) return -1;
	return 0;
}

static int fail_link(int at, const char *name, const struct err *why, struct err *e)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(at, name, text, sizeof text);

	if (e) *e = *why;
	return fail_in(e, "%s is a link to %.*s", name, (int)(n < 0 ? 0 : n), text);
}

int trail_open(int at, const char *name, struct err *e)
{
	struct trail t = { .at = -1 };
	struct err why = { 0 };
	int fd = -1;

	if (trail_walk(&t, at, name, &why) == 0) {
		fd = openat(t.at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) fail_sys(&why, "open it");
	}
	if (t.at >= 0) close(t.at);
	return fd < 0 ? fail_link(at, name, &why, e) : fd;
}

const char *trail_doubt(struct arena *m, int at, const char *name)
{
	struct trail t = { .at = -1, .m = m };

	if (trail_walk(&t, at, name, NULL) == 0) doubt_place(&t);
	if (t.at >= 0) close(t.at);
	return t.doubt;
}
