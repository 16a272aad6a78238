#include "lib/ops/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/owner.h"
#include "lib/disk/share.h"
#include "lib/disk/tree.h"
#include "lib/jail/layout.h"

#define FOLDER "unpacked"

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void shelf_look(struct arena *m, int images, struct shelf *s)
{
	*s = (struct shelf){ .m = m, .fd = open_dir(images, FOLDER), .dir = -1 };
}

void shelf_open(struct arena *m, int images, int jails, struct shelf *s)
{
	*s = (struct shelf){ .m = m, .fd = -1, .dir = -1 };
	if (!share_works(images, jails)) return;
	mkdirat(images, FOLDER, 0700);
	shelf_look(m, images, s);
	if (s->fd >= 0 && owner_check(s->fd, FOLDER, NULL) < 0) close(take_fd(&s->fd));
}

void shelf_close(struct shelf *s)
{
	shelf_drop(s);
	if (s->fd >= 0) close(take_fd(&s->fd));
}

/* Does the open directory still have this name? It had, when it was opened. */
static bool is_named(int at, const char *name, int fd)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && fstatat(at, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static int copy(int image, int to, struct err *e)
{
	AUTOCLOSE int from = open_dir(image, LAYOUT_ROOTFS), rootfs = -1;

	if (from < 0) return fail_sys(e, "open " LAYOUT_ROOTFS);
	if (mkdirat(to, LAYOUT_ROOTFS, 0755) < 0) return fail_sys(e, "create " LAYOUT_ROOTFS);
	if ((rootfs = open_dir(to, LAYOUT_ROOTFS)) < 0) return fail_sys(e, "open " LAYOUT_ROOTFS);
	return share_tree(from, rootfs, e);
}

int shelf_copy(const struct shelf *s, const char *sha256, int to, struct err *e)
{
	AUTOCLOSE int image = open_dir(s->fd, sha256);

	if (image < 0 || flock(image, LOCK_SH | LOCK_NB) < 0 || !is_named(s->fd, sha256, image))
		return fail(e, ERR_MISSING, "the image is not kept unpacked");
	if (copy(image, to, e) == 0) return 0;
	tree_remove(to, LAYOUT_ROOTFS, NULL);
	return -1;
}

/* What has the name is renamed first, so that nobody ever takes a half for a whole. */
static void remove_entry(const struct shelf *s, const char *name)
{
	AUTOCLOSE int fd = open_dir(s->fd, name);
	const char *hidden = name;

	if (fd < 0 || lock_take(fd, now_ms(), name, NULL) < 0 || !is_named(s->fd, name, fd)) return;
	if (*name != '.') {
		hidden = layout_remove_name(s->m, name, 0);
		if (renameat(s->fd, name, s->fd, hidden) < 0) return;
	}
	tree_remove(s->fd, hidden, NULL);
}

/* In the place of what a killed run has left, and of what could not be copied. */
int shelf_begin(struct shelf *s, const char *sha256)
{
	const char *hidden = layout_create_name(s->m, sha256);
	AUTOCLOSE int dir = -1;

	remove_entry(s, hidden);
	remove_entry(s, sha256);
	if (mkdirat(s->fd, hidden, 0700) < 0 || (dir = open_dir(s->fd, hidden)) < 0) return -1;
	if (lock_take(dir, now_ms(), hidden, NULL) < 0 || !is_named(s->fd, hidden, dir)) return -1;
	s->making = sha256;
	s->dir = take_fd(&dir);
	return s->dir;
}

/* Synced, so that a power cut leaves all of it, and the copies have nothing to wait for.
 * Another create may have been quicker: one is enough. */
int shelf_finish(struct shelf *s, struct err *e)
{
	const char *hidden = layout_create_name(s->m, s->making);

	if (tree_sync(s->dir, e) < 0) return -1;
	if (renameat(s->fd, hidden, s->fd, s->making) == 0) s->making = NULL;
	else if (errno != EEXIST && errno != ENOTEMPTY) return fail_sys(e, "keep the image unpacked");
	shelf_drop(s);
	return 0;
}

void shelf_drop(struct shelf *s)
{
	if (s->dir >= 0) close(take_fd(&s->dir));
	if (s->making) remove_entry(s, layout_create_name(s->m, s->making));
	s->making = NULL;
}

void shelf_clear(const struct shelf *s, bool (*keep)(const void *arg, const char *sha256),
                 const void *arg)
{
	AUTODIR DIR *d = s->fd < 0 ? NULL : dir_names(s->fd);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
		if (*name == '.' || !keep(arg, name)) remove_entry(s, name);
	}
}
