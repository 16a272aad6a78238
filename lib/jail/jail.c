#include "lib/jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"
#include "lib/disk/trail.h"
#include "lib/jail/layout.h"

enum { LOCK_WAIT_MS = 10000, USERS = 65536 };

static const int dir_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

int jail_open_jails(const char *dir, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof path, "%s/" LAYOUT_JAILS, dir) >= (int)sizeof path)
		return fail(e, ERR_INPUT, "%s: path too long", dir);
	fd = open(path, dir_flags);
	return fd < 0 ? fail_sys(e, "open %s", path) : fd;
}

/* A directory itself (`is_link` NULL), or also what a link leads to. */
static int open_dir_or_link(int at, const char *name, bool *is_link, struct err *e)
{
	struct stat st;
	int fd = openat(at, name, dir_flags | O_NOFOLLOW);

	if (is_link) *is_link = false;
	if (fd >= 0) return fd;
	if ((errno != ENOTDIR && errno != ELOOP) ||
	    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "open %s", name);
	if (!S_ISLNK(st.st_mode))
		return fail(e, ERR_INPUT, "%s is a file, not a directory", name);
	if (!is_link) return fail(e, ERR_INPUT, "%s is a link, not a directory", name);
	*is_link = true;
	return trail_open(at, name, e);
}

int jail_open_rootfs(int dir, struct err *e)
{
	return open_dir_or_link(dir, LAYOUT_ROOTFS, NULL, e);
}

/* -- the handle -- */

static void forget_fd(int *fd)
{
	if (*fd >= 0) close(take_fd(fd));
}

void jail_leave(struct jail *j)
{
	forget_fd(&j->rootfs);
	forget_fd(&j->fd);
	forget_fd(&j->jails);
	j->is_own = false;
}

void jail_unlock(struct jail *j)
{
	lock_drop(&j->files);
	j->files = -1;
	forget_fd(&j->lock);
}

void jail_close(struct jail *j)
{
	jail_leave(j);
	jail_unlock(j);
}

bool jail_is(const struct jail *j, const struct stat *st)
{
	return j->ino && st->st_dev == j->dev && st->st_ino == j->ino;
}

int jail_dir(struct jail *j, struct err *e)
{
	AUTOCLOSE int fd = -1;
	struct stat st;

	if (j->fd >= 0) return j->fd;
	if (j->jails < 0 && (j->jails = jail_open_jails(j->dir, e)) < 0) return -1;
	fd = open_dir_or_link(j->jails, j->name, &j->is_link, e);
	if (fd < 0 && errno == ENOENT && !j->is_link)
		return fail(e, ERR_MISSING, "there is no jail %s", j->name);
	if (fd < 0) return -1;
	if (fstat(fd, &st) < 0) return fail_sys(e, "stat %s", j->path);
	j->dev = st.st_dev;
	j->ino = st.st_ino;
	j->has_linked_rootfs = fstatat(fd, LAYOUT_ROOTFS, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	                       S_ISLNK(st.st_mode);
	return j->fd = take_fd(&fd);
}

int jail_rootfs(struct jail *j, struct err *e)
{
	if (j->rootfs < 0 && jail_dir(j, e) >= 0)
		j->rootfs = open_dir_or_link(j->fd, LAYOUT_ROOTFS, &j->has_linked_rootfs, e);
	return j->rootfs;
}

/* What a link leads to cannot be compared without following it: that is opened anew. */
int jail_refresh(struct jail *j, struct err *e)
{
	struct stat st;

	if (j->fd >= 0 && fstatat(j->jails, j->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    jail_is(j, &st))
		return 0;
	jail_leave(j);
	return jail_dir(j, e) < 0 ? -1 : 0;
}

int jail_lock_name(const char *name, struct err *e)
{
	return lock_named(name, deadline_in(LOCK_WAIT_MS), name, e);
}

/* While others are waited for nothing is held open: one of them may want to unmount it. */
int jail_lock(struct jail *j, struct err *e)
{
	struct err why = { 0 };

	j->lock = lock_named(j->name, 0, j->name, &why);
	if (j->lock < 0 && why.kind != ERR_BUSY) return fail_as(e, &why);
	if (j->lock < 0) {
		jail_leave(j);
		j->lock = lock_named(j->name, deadline_in(LOCK_WAIT_MS), j->name, e);
	}
	if (j->lock < 0) return -1;
	why = (struct err){ 0 };
	if (jail_refresh(j, &why) == 0 || (j->is_link && why.kind != ERR_MISSING)) return 0;
	jail_unlock(j);
	return fail_as(e, &why);
}

int jail_lock_files(struct jail *j, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *name, *shown;
	struct stat st;

	if (jail_rootfs(j, e) < 0) return -1;
	if (fstat(j->rootfs, &st) < 0) return fail_sys(e, "fstat");
	name = arena_printf(&m, "files:%jx:%jx", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	shown = arena_printf(&m, "%s/" LAYOUT_ROOTFS, j->path);
	j->files = lock_named(name, deadline_in(LOCK_WAIT_MS), shown, e);
	return j->files < 0 ? -1 : 0;
}

/* -- whose it is -- */

/* A rootfs in the jail's directory is as safe as that; another one may be anybody's. It may
 * belong to the users of a jail that has its own (--private-users), which begin at a multiple
 * of 65536. */
static int check_own_rootfs(struct arena *m, struct jail *j, struct err *e)
{
	const char *path;
	struct stat st;

	if (!j->has_linked_rootfs) return 0;
	if (jail_rootfs(j, e) < 0) return -1;
	if (fstat(j->rootfs, &st) < 0) return fail_sys(e, "fstat");
	if (st.st_uid && st.st_uid % USERS == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	path = mount_fd_path(m, j->rootfs, NULL);
	return owner_check(j->rootfs, path ? path : LAYOUT_ROOTFS, e);
}

int jail_check_own(struct jail *j, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	if (jail_dir(j, e) < 0) return -1;
	if (j->is_own) return 0;
	if (owner_check(j->jails, layout_jails(&m, j->dir), e) < 0 ||
	    owner_check(j->fd, j->path, e) < 0 || check_own_rootfs(&m, j, e) < 0)
		return -1;
	j->is_own = true;
	return 0;
}

const char *jail_doubt(struct arena *m, struct jail *j)
{
	const char *doubt = NULL;

	if (jail_dir(j, NULL) < 0) return NULL;
	if (j->is_link) doubt = trail_doubt(m, j->jails, j->name);
	if (!doubt && j->has_linked_rootfs) doubt = trail_doubt(m, j->fd, LAYOUT_ROOTFS);
	return doubt;
}

int jail_check_place(struct arena *m, const char *dir, const char **doubt, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int jails = jail_open_jails(dir, &why);
	const char *real;

	*doubt = owner_above(m, dir);
	if (jails < 0) return why.sys == ENOENT ? 0 : fail_as(e, &why);
	if (owner_check(jails, layout_jails(m, dir), e) < 0) return -1;
	/* It may be a link. */
	if (!*doubt && (real = mount_fd_path(m, jails, NULL))) *doubt = owner_above(m, real);
	return 0;
}

/* -- the config -- */

const char *jail_config_path(struct arena *m, const struct jail *j)
{
	return arena_printf(m, "%s/" LAYOUT_CONFIG, j->path);
}

int jail_conf(struct arena *m, struct jail *j, struct conf *c, struct err *e)
{
	int fd = jail_dir(j, e);

	return fd < 0 ? -1 : conf_load(m, fd, LAYOUT_CONFIG, jail_config_path(m, j), c, e);
}

char *jail_conf_own_text(struct arena *m, struct jail *j, struct err *e)
{
	if (jail_check_own(j, e) < 0) return NULL;
	return conf_read_own(m, j->fd, LAYOUT_CONFIG, jail_config_path(m, j), e);
}

int jail_conf_own(struct arena *m, struct jail *j, struct conf *c, struct err *e)
{
	const char *text = jail_conf_own_text(m, j, e);

	if (!text) return -1;
	return conf_parse(m, text, c, e) < 0 ? fail_in(e, "%s", jail_config_path(m, j)) : 0;
}
