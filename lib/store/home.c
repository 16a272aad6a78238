#include "lib/store/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"

#define IMAGES "images"

enum { LOCK_WAIT_MS = 30000 };

static int make_directory(const char *path, struct err *e)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? fail_sys(e, "create %s", path) : 0;
}

static const char *dataset_at(struct arena *m, const char *path, struct err *e)
{
	struct mounts t;

	return mounts_read(m, &t, e) < 0 ? NULL : zfs_at(&t, path);
}

/* With mountpoint=legacy a new dataset is mounted nowhere: a directory will do. */
static int make_dataset(struct arena *m, const char *name, const char *path, struct err *e)
{
	if (zfs_create(name, NULL, e) < 0) return -1;
	if (dataset_at(m, path, NULL)) return chmod(path, 0700) < 0 ? fail_sys(e, "chmod %s", path) : 0;
	out_warn("%s would not be mounted at %s, because of the mountpoint or canmount of what is "
	         "above it: a directory is made instead", name, path);
	return zfs_destroy_one(name, e) < 0 ? -1 : make_directory(path, e);
}

/* Of several that find it missing, one makes it. A program that outlives us keeps the lock. */
static int make_folder(struct arena *m, const char *dir, const char *name, struct err *e)
{
	AUTOCLOSE int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -1;
	const char *above = dataset_at(m, dir, NULL), *path = arena_printf(m, "%s/%s", dir, name);

	if (at < 0) return fail_sys(e, "open %s", dir);
	if ((lock = lock_of(at, deadline_in(LOCK_WAIT_MS), dir, e)) < 0) return -1;
	if (access(path, F_OK) == 0) return 0;
	return above ? make_dataset(m, arena_printf(m, "%s/%s", above, name), path, e)
	             : make_directory(path, e);
}

int home_check(struct arena *m, const char *dir, struct err *e)
{
	const char *const paths[] = { layout_jails(m, dir), arena_printf(m, "%s/" IMAGES, dir), NULL };
	const char *which = paths[0], *why;
	struct mounts t;

	if (mounts_read(m, &t, e) < 0) return -1;
	if (zfs_at(&t, paths[0]) && zfs_at(&t, paths[1])) return 0;
	if (!(why = zfs_hidden(m, paths, &which))) why = zfs_moved(m, paths[0]);
	return why ? fail(e, ERR_HOST, "%s: %s", which, why) : 0;
}

int home_look(struct arena *m, const char *dir, struct home *j, struct err *e)
{
	const char *path;

	*j = (struct home){ .m = m, .fd = -1, .path = layout_jails(m, dir) };
	if ((j->fd = jail_open_jails(dir, e)) < 0) return -1;
	/* jails/ may be a link to where the dataset is mounted. */
	if (!(path = mount_fd_path(m, j->fd, NULL))) return 0;
	j->path = path;
	j->home = dataset_at(m, path, NULL);
	return 0;
}

int home_open(struct arena *m, const char *dir, struct home *j, struct err *e)
{
	*j = (struct home){ .m = m, .fd = -1 };
	if (home_check(m, dir, e) < 0) return -1;
	if (access(layout_jails(m, dir), F_OK) < 0 && make_folder(m, dir, LAYOUT_JAILS, e) < 0) return -1;
	if (home_look(m, dir, j, e) < 0 || owner_check(j->fd, j->path, e) < 0) return -1;
	return tree_check_flags(j->fd, j->path, e);
}

const char *home_path(struct arena *m, const char *dir)
{
	AUTOHOME j = { .fd = -1 };
	const char *above;

	if (home_look(m, dir, &j, NULL) == 0) return j.home;
	above = dataset_at(m, dir, NULL);
	return above ? arena_printf(m, "%s/" LAYOUT_JAILS, above) : NULL;
}

const char *home_images(struct arena *m, const char *dir)
{
	const char *path = arena_printf(m, "%s/" IMAGES, dir);

	if (access(path, F_OK) < 0 && make_folder(m, dir, IMAGES, NULL) < 0) return NULL;
	return dataset_at(m, path, NULL);
}

/* Programs inherit it. Nobody has it for long, but ZFS may take its time, and nothing that is
 * almost done is given up for that. */
int home_lock(const struct home *j, struct err *e)
{
	return lock_of(j->fd, NO_DEADLINE, "the jailmaker directory", e);
}

const char *home_dataset(const struct home *j, const char *entry)
{
	return arena_printf(j->m, "%s/%s", j->home, entry);
}

const char *home_mounted(const struct home *j, int entry)
{
	const char *path;
	struct mounts t;

	if (mounts_read(j->m, &t, NULL) < 0 || !(path = mount_fd_path(j->m, entry, NULL))) return NULL;
	return zfs_at(&t, path);
}

int home_open_entry(const struct home *j, const char *entry, struct err *e)
{
	int fd = openat(j->fd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", entry) : fd;
}

void home_close(struct home *j)
{
	if (j->fd >= 0) close(j->fd);
	j->fd = -1;
}
