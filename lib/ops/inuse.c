#include "lib/ops/inuse.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/holders.h"
#include "lib/disk/mount.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"

/* A lock of an open file description: also one that only keeps writers away. */
static bool is_locked(int dir, const char *path)
{
	AUTOCLOSE int fd = openat(dir, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Beside the directory, and by its number. */
static bool is_run(struct arena *m, int parent, const char *base, const struct stat *st)
{
	if (is_locked(parent, arena_printf(m, ".#%s.lck", base))) return true;
	return is_locked(AT_FDCWD, arena_printf(m, "/run/systemd/nspawn/locks/inode-%llu:%llu",
	                                        (unsigned long long)st->st_dev,
	                                        (unsigned long long)st->st_ino));
}

static int check_lock(struct arena *m, int jail, const char *path, int rootfs, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	AUTOCLOSE int above = openat(jail, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat of_jail, of_rootfs;

	if (fstat(jail, &of_jail) < 0 || fstat(rootfs, &of_rootfs) < 0)
		return fail_sys(e, "fstat");
	if (!is_run(m, jail, LAYOUT_ROOTFS, &of_rootfs) &&
	    !(above >= 0 && is_run(m, above, name, &of_jail)))
		return 0;
	return fail(e, ERR_BUSY,
	            "systemd-nspawn runs it, but not as a jail (machinectl lists it): %s",
	            path);
}

int inuse_check(struct arena *m, int jail, const char *path, const char *name, bool runs,
                struct err *e)
{
	AUTOCLOSE int rootfs = jail_open_rootfs(jail, NULL);
	const char *who;
	struct stat st;

	if (rootfs < 0) return 0;
	if (!runs && check_lock(m, jail, path, rootfs, e) < 0) return -1;
	if (fstat(rootfs, &st) < 0) return fail_sys(e, "fstat");
	who = holders_rooted(m, &st, name_unit(m, name));
	if (!*who) return 0;
	return fail(e, ERR_BUSY, "%s/" LAYOUT_ROOTFS " is the root directory of %s", path, who);
}

int inuse_check_stopped(struct arena *m, const struct jail *j, struct err *e)
{
	const char *path = mount_fd_path(m, j->fd, e);

	return path ? inuse_check(m, j->fd, path, j->name, false, e) : -1;
}
