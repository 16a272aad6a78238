#include "lib/jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"
#include "lib/jail/layout.h"

enum { LOCK_WAIT_MS = 10000 };

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

/* A directory in its own right: the message for a link is better than the kernel's. */
static int open_real_dir(int at, const char *name, struct err *e)
{
	struct stat st;
	int fd = openat(at, name, dir_flags | O_NOFOLLOW);

	if (fd >= 0) return fd;
	if ((errno == ENOTDIR || errno == ELOOP) &&
	    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(e, ERR_INPUT, "%s is %s, not a directory", name,
		            S_ISLNK(st.st_mode) ? "a link" : "a file");
	return fail_sys(e, "open %s", name);
}

int jail_open_rootfs(int dir, struct err *e)
{
	return open_real_dir(dir, LAYOUT_ROOTFS, e);
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
	fd = open_real_dir(j->jails, j->name, e);
	if (fd < 0 && errno == ENOENT)
		return fail(e, ERR_MISSING, "there is no jail %s", j->name);
	if (fd < 0) return -1;
	if (fstat(fd, &st) < 0) return fail_sys(e, "stat %s", j->path);
	j->dev = st.st_dev;
	j->ino = st.st_ino;
	return j->fd = take_fd(&fd);
}

int jail_rootfs(struct jail *j, struct err *e)
{
	if (j->rootfs < 0 && jail_dir(j, e) >= 0) j->rootfs = jail_open_rootfs(j->fd, e);
	return j->rootfs;
}

int jail_refresh(struct jail *j, struct err *e)
{
	struct stat st;

	if (j->fd >= 0 && fstatat(j->jails, j->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    jail_is(j, &st))
		return 0;
	jail_leave(j);
	return jail_dir(j, e) < 0 ? -1 : 0;
}

/* While others are waited for nothing is held open: one of them may want to unmount it. */
int jail_lock(struct jail *j, struct err *e)
{
	struct err why = { 0 };

	j->lock = lock_named(j->name, 0, j->name, &why);
	if (j->lock < 0 && why.kind != ERR_BUSY) return fail(e, why.kind, "%s", why.text);
	if (j->lock < 0) {
		jail_leave(j);
		j->lock = lock_named(j->name, deadline_in(LOCK_WAIT_MS), j->name, e);
	}
	if (j->lock < 0) return -1;
	if (jail_refresh(j, e) == 0) return 0;
	jail_unlock(j);
	return -1;
}

/* -- whose it is -- */

int jail_check_own(struct jail *j, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	if (jail_dir(j, e) < 0) return -1;
	if (j->is_own) return 0;
	if (owner_check(j->jails, layout_jails(&m, j->dir), e) < 0 ||
	    owner_check(j->fd, j->path, e) < 0)
		return -1;
	j->is_own = true;
	return 0;
}

int jail_check_place(struct arena *m, const char *dir, const char **doubt, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int jails = jail_open_jails(dir, &why);
	const char *real;

	*doubt = owner_above(m, dir);
	if (jails < 0) return why.sys == ENOENT ? 0 : fail(e, why.kind, "%s", why.text);
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

int jail_conf_own(struct arena *m, struct jail *j, struct conf *c, struct err *e)
{
	const char *shown = jail_config_path(m, j), *text;

	if (jail_check_own(j, e) < 0) return -1;
	if (!(text = conf_read_own(m, j->fd, LAYOUT_CONFIG, shown, e))) return -1;
	return conf_parse(m, text, c, e) < 0 ? fail_in(e, "%s", shown) : 0;
}
