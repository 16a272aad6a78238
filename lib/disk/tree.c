/* The removal goes down one directory at a time, without recursion. A level has a
 * descriptor and the names read from it so far; the directory of a level is the current
 * name of the level above. If a tree is deeper than LEVELS, the directory below the last
 * level is moved up into the top directory, where the next pass finds it. So there is no
 * path to build, no ".." to trust, and the number of descriptors is fixed. While a
 * directory is read, names may be created or missed, so it is read again until it is
 * empty. */

#include "lib/disk/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree_impl.h"
#include "lib/disk/volume.h"

enum { LEVELS = 64, NAMES_SIZE = 64 << 10, MOUNTS_NAMED = 5 };

struct level {
	int fd;			/* -1: not open */
	char *names;		/* NAMES_SIZE, kept for the next directory at this level */
	size_t used, at, next;	/* bytes in `names`; the current name; the next one */
	bool moved;		/* this pass removed something */
};

struct tree_removal {
	struct arena m;
	struct level level[LEVELS];
	int depth;		/* the current level */
	unsigned flattened;	/* how many directories were moved up */
	const char *top;	/* the name of the tree */
	const char *last;	/* the file in it to remove last, or NULL */
};

static struct dir_name *current(const struct level *l)
{
	return (struct dir_name *)(void *)(l->names + l->at);
}

/* "web/rootfs/etc/x": the current path, for messages. */
static const char *where(struct tree_removal *r)
{
	struct str s = { .m = &r->m };

	str_add(&s, r->top);
	for (int i = 0; i <= r->depth; i++)
		if (r->level[i].used) str_addf(&s, "/%s", current(&r->level[i])->name);
	return str_text(&s);
}

int tree_open(int dir, const char *name)
{
	return open_by_rules(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
	                     RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
}

/* FS_IOC_SETFLAGS is declared with a long, but takes an int. */
void tree_unlock(int fd)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0) return;
	if (!(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))) return;
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* Devices and fifos are not opened, because that may have effects in their drivers. The flags
 * of a file with other hard links stay, because those may be outside of the tree. */
static void unlock_name(int dir, const char *name)
{
	AUTOCLOSE int place = place_in_root(dir, name, O_NOFOLLOW, NULL), self = -1;
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0) return;
	if (!S_ISDIR(st.st_mode) && !(S_ISREG(st.st_mode) && st.st_nlink == 1)) return;
	self = reopen(place, O_RDONLY);
	if (self >= 0) tree_unlock(self);
}

/* The flag of a directory may prevent that names in it are removed. */
static void unlock_directory(int dir)
{
	AUTOCLOSE int self = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (self >= 0) tree_unlock(self);
}

static int try_unlink(int dir, const char *name, int flags)
{
	return unlinkat(dir, name, flags) < 0 && errno != ENOENT ? -1 : 0;
}

/* `inside`: `dir` belongs to the tree, so its flags may be cleared. */
static int unlink_name(int dir, const char *name, int flags, bool inside)
{
	if (try_unlink(dir, name, flags) == 0) return 0;
	if (errno != EPERM) return -1;
	if (inside) unlock_directory(dir);
	unlock_name(dir, name);
	return try_unlink(dir, name, flags);
}

static int move_up(struct tree_removal *r, const struct level *l, const char *name)
{
	char up[40];

	do {
		snprintf(up, sizeof up, ".removed-%u", r->flattened++);
		if (renameat(l->fd, name, r->level[0].fd, up) == 0) return 0;
		if (errno != EPERM) continue;
		unlock_directory(l->fd);
		unlock_name(l->fd, name);
		unlock_directory(r->level[0].fd);
		if (renameat(l->fd, name, r->level[0].fd, up) == 0) return 0;
	} while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
	return -1;
}

static void level_open(struct tree_removal *r, int depth, int fd)
{
	struct level *l = &r->level[depth];

	if (!l->names) l->names = arena_alloc(&r->m, NAMES_SIZE);
	l->fd = fd;
	l->used = l->at = l->next = 0;
	l->moved = false;
	r->depth = depth;
}

static int enter_directory(struct tree_removal *r, const char *name, struct err *e)
{
	int fd = tree_open(r->level[r->depth].fd, name);

	if (fd < 0 && errno == ENOENT) return 0;
	if (fd < 0 && errno == EXDEV)
		return fail(e, ERR_BUSY, "%s: something is mounted there", where(r));
	if (fd < 0) return fail_sys(e, "open %s", where(r));
	volume_unlock(fd);
	level_open(r, r->depth + 1, fd);
	return 0;
}

static int handle_directory(struct tree_removal *r, struct level *l, const char *name,
                            struct err *e)
{
	l->moved = true;
	if (r->depth + 1 < LEVELS) return enter_directory(r, name, e);
	if (move_up(r, l, name) < 0) return fail_sys(e, "remove %s", where(r));
	return 0;
}

static int handle_name(struct tree_removal *r, struct level *l, const struct dir_name *n,
                       struct err *e)
{
	if (is_dots(n->name)) return 0;
	if (!r->depth && r->last && str_eq(n->name, r->last)) return 0;
	if (n->type != DT_DIR) {
		if (unlink_name(l->fd, n->name, 0, true) == 0) {
			l->moved = true;
			return 0;
		}
		if (errno != EISDIR) return fail_sys(e, "remove %s", where(r));
	}
	return handle_directory(r, l, n->name, e);
}

/* Read more names: 1, or 0 at the end of the directory, or -1. */
static int read_names(struct level *l)
{
	long n = syscall(SYS_getdents64, l->fd, l->names, NAMES_SIZE);

	l->used = n > 0 ? (size_t)n : 0;
	l->at = l->next = 0;
	return n < 0 && errno != ENOENT ? -1 : n > 0;
}

/* Remove the directory; if only the file `last` is left in it, remove that first. */
static int remove_directory(struct tree_removal *r, const struct level *l, int above,
                            const char *name)
{
	if (unlink_name(above, name, AT_REMOVEDIR, r->depth > 0) == 0) return 0;
	if (errno != ENOTEMPTY || r->depth || !r->last || l->moved) return -1;
	if (unlink_name(l->fd, r->last, 0, true) < 0) return -1;
	r->last = NULL;
	return unlink_name(above, name, AT_REMOVEDIR, false);
}

/* All names were read: remove the directory. If it is not empty and the pass removed something,
 * read it again. */
static int leave_directory(struct tree_removal *r, struct level *l, int above, const char *name,
                           struct err *e)
{
	if (remove_directory(r, l, above, name) < 0) {
		if (errno != ENOTEMPTY || !l->moved) return fail_sys(e, "remove %s", where(r));
		l->moved = false;
		if (lseek(l->fd, 0, SEEK_SET) < 0) return fail_sys(e, "read %s", where(r));
		return 0;
	}
	close(l->fd);
	l->fd = -1;
	r->depth--;
	return 0;
}

static int remove_next(struct tree_removal *r, int dir, struct err *e)
{
	struct level *l = &r->level[r->depth];
	struct level *up = r->depth ? l - 1 : NULL;
	int more;

	if (check_signal(e) < 0) return -1;
	if (l->next < l->used) {
		l->at = l->next;
		l->next += current(l)->len;
		return handle_name(r, l, current(l), e);
	}
	if ((more = read_names(l)) < 0) return fail_sys(e, "read %s", where(r));
	if (more) return 0;
	return leave_directory(r, l, up ? up->fd : dir, up ? current(up)->name : r->top, e);
}

int tree_remove_open(int dir, const char *name, const char *last, int fd, struct err *e)
{
	struct tree_removal r = { .top = name, .last = last };
	int rc = 0;

	volume_unlock(fd);
	level_open(&r, 0, fd);
	while (r.depth >= 0 && rc == 0) rc = remove_next(&r, dir, e);
	for (; r.depth >= 0; r.depth--) close(r.level[r.depth].fd);
	arena_free(&r.m);
	return rc;
}

static int fail_mounted(struct arena *m, const struct mounts *t, const char *path,
                        struct err *e)
{
	const struct mount *c = NULL;
	struct str list = { .m = m };
	int n = 0;

	while ((c = mount_beneath(t, path, c)))
		if (n++ < MOUNTS_NAMED) str_addf(&list, "%s%s", n > 1 ? ", " : "", c->point);
	if (n > MOUNTS_NAMED) str_addf(&list, " and %d more", n - MOUNTS_NAMED);
	return fail(e, ERR_BUSY, "file systems are mounted in it: %s; unmount them first",
	            str_text(&list));
}

static int check_no_mounts(int fd, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct mounts table = { 0 };
	const char *path = mount_fd_path(&m, fd, e);

	if (!path || mounts_read(&m, &table, e) < 0) return -1;
	return mount_beneath(&table, path, NULL) ? fail_mounted(&m, &table, path, e) : 0;
}

int tree_remove_marked(int dir, const char *name, const char *last, struct err *e)
{
	AUTOCLOSE int self = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int fd;

	if (self < 0 && errno == ENOENT) return 0;
	if (self < 0 || fstat(self, &st) < 0) return fail_sys(e, "remove %s", name);
	if (check_no_mounts(self, e) < 0) return fail_in(e, "remove %s", name);
	if (!S_ISDIR(st.st_mode))
		return unlink_name(dir, name, 0, false) < 0
		       ? fail_sys(e, "remove %s", name) : 0;
	if ((fd = openat(self, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fail_sys(e, "open %s", name);
	tree_thin_out(fd);
	return tree_remove_open(dir, name, last, fd, e);
}

int tree_remove(int dir, const char *name, struct err *e)
{
	return tree_remove_marked(dir, name, NULL, e);
}

int tree_rename(int dir, const char *from, const char *to, struct err *e)
{
	if (rename_new(dir, from, to) == 0) return 0;
	if (errno == EPERM) {
		unlock_name(dir, from);
		if (rename_new(dir, from, to) == 0) return 0;
	}
	return fail_sys(e, "rename %s", from);
}

int tree_check_flags(int dir, const char *shown, struct err *e)
{
	int flags = 0;

	if (ioctl(dir, FS_IOC_GETFLAGS, &flags) < 0) return 0;
	if (flags & FS_IMMUTABLE_FL)
		return fail(e, ERR_HOST, "%s is immutable; run chattr -i '%s'", shown, shown);
	if (flags & FS_APPEND_FL)
		return fail(e, ERR_HOST, "%s is append-only; run chattr -a '%s'", shown, shown);
	return 0;
}

int tree_sync(int fd, struct err *e)
{
	return syncfs(fd) < 0 ? fail_sys(e, "sync") : 0;
}
