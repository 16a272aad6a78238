#include "lib/ops/jails.h"

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
#include "lib/disk/zfs.h"
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
	if (zfs_create(name, e) < 0) return -1;
	if (dataset_at(m, path, NULL)) return chmod(path, 0700) < 0 ? fail_sys(e, "chmod %s", path) : 0;
	out_warn("%s would not be mounted at %s, because of the mountpoint or canmount of what is "
	         "above it: a directory is made instead", name, path);
	return zfs_destroy(name, e) < 0 ? -1 : make_directory(path, e);
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

static int check_mounted(struct arena *m, const char *dir, const char *path, struct err *e)
{
	const char *why = dataset_at(m, dir, NULL) ? zfs_unmounted(m, path) : NULL;

	return why ? fail(e, ERR_HOST, "%s: %s", path, why) : 0;
}

int jails_look(struct arena *m, const char *dir, struct jails *j, struct err *e)
{
	const char *path;

	*j = (struct jails){ .m = m, .fd = -1 };
	if ((j->fd = jail_open_jails(dir, e)) < 0) return -1;
	/* jails/ may be a link to where the dataset is mounted. */
	if ((path = mount_fd_path(m, j->fd, NULL))) j->home = dataset_at(m, path, NULL);
	return 0;
}

int jails_open(struct arena *m, const char *dir, struct jails *j, struct err *e)
{
	const char *path = layout_jails(m, dir);
	bool there = access(path, F_OK) == 0;

	*j = (struct jails){ .m = m, .fd = -1 };
	if (!there || !dataset_at(m, path, NULL))
		if (check_mounted(m, dir, path, e) < 0) return -1;
	if (!there && make_folder(m, dir, LAYOUT_JAILS, e) < 0) return -1;
	return jails_look(m, dir, j, e) < 0 ? -1 : owner_check(j->fd, path, e);
}

const char *jails_home(struct arena *m, const char *dir)
{
	AUTOJAILS j = { .fd = -1 };
	const char *above;

	if (jails_look(m, dir, &j, NULL) == 0) return j.home;
	above = dataset_at(m, dir, NULL);
	return above ? arena_printf(m, "%s/" LAYOUT_JAILS, above) : NULL;
}

const char *jails_images(struct arena *m, const char *dir)
{
	const char *path = arena_printf(m, "%s/" IMAGES, dir);

	if (access(path, F_OK) < 0 && make_folder(m, dir, IMAGES, NULL) < 0) return NULL;
	return dataset_at(m, path, NULL);
}

void jails_close(struct jails *j)
{
	if (j->fd >= 0) close(j->fd);
	j->fd = -1;
}
