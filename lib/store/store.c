#include "lib/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/store/store_impl.h"

#define IMAGES "images"

enum { LOCK_WAIT_MS = 30000 };

static const char *images_path(struct arena *m, const char *dir)
{
	return arena_printf(m, "%s/" IMAGES, dir);
}

static const char *dataset_at(struct arena *m, const char *path, struct err *e)
{
	struct mounts t;

	return mounts_read(m, &t, e) < 0 ? NULL : zfs_at(&t, path);
}

static const struct store_ops *store_ops_of(const char *dataset)
{
	return dataset ? &store_zfs : &store_dir;
}

static void set_dataset(struct store *s, const char *dataset)
{
	s->dataset = dataset;
	s->ops = store_ops_of(dataset);
	s->listed = dataset ? arena_alloc(s->m, sizeof *s->listed) : NULL;
}

/* Between the creation of a dataset and its mount it looks like one that somebody has
 * unmounted. So where they are not both mounted, commands look and create in turn. A zfs that
 * outlives us keeps the lock. */
static int lock_folders(struct arena *m, const char *dir, int *lock, struct err *e)
{
	AUTOCLOSE int at = -1;
	struct mounts t;

	if (mounts_read(m, &t, e) < 0) return -1;
	if (zfs_at(&t, layout_jails(m, dir)) && zfs_at(&t, images_path(m, dir))) return 0;
	if ((at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open %s", dir);
	*lock = lock_of(at, deadline_in(LOCK_WAIT_MS), dir, e);
	return *lock < 0 ? -1 : 0;
}

/* With the lock of lock_folders. */
static int make_missing_folder(struct arena *m, const char *dir, const char *name,
                               struct err *e)
{
	const char *above = dataset_at(m, dir, NULL),
	                    *path = arena_printf(m, "%s/%s", dir, name);
	const char *dataset = above ? arena_printf(m, "%s/%s", above, name) : NULL;

	if (access(path, F_OK) == 0) return 0;
	return store_ops_of(dataset)->create(m, dataset, path, e);
}

static int check_hidden(struct arena *m, const char *dir, struct err *e)
{
	const char *const paths[] = { layout_jails(m, dir), images_path(m, dir), NULL };
	const char *which = paths[0], *why;
	struct mounts t;

	if (mounts_read(m, &t, e) < 0) return -1;
	if (zfs_at(&t, paths[0]) && zfs_at(&t, paths[1])) return 0;
	if (!(why = zfs_hidden(m, paths, &which))) why = zfs_moved(m, paths[0]);
	return why ? fail(e, ERR_HOST, "%s: %s", which, why) : 0;
}

int store_check(struct arena *m, const char *dir, struct err *e)
{
	AUTOCLOSE int lock = -1;

	return lock_folders(m, dir, &lock, e) < 0 ? -1 : check_hidden(m, dir, e);
}

int store_look(struct arena *m, const char *dir, struct store *s, struct err *e)
{
	const char *path;

	*s = (struct store){
		.m = m, .ops = &store_dir, .fd = -1, .path = layout_jails(m, dir),
	};
	if ((s->fd = jail_open_jails(dir, e)) < 0) return -1;
	/* jails/ may be a link to where the dataset is mounted. */
	if (!(path = mount_fd_path(m, s->fd, NULL))) return 0;
	s->path = path;
	set_dataset(s, dataset_at(m, path, NULL));
	return 0;
}

int store_open(struct arena *m, const char *dir, struct store *s, struct err *e)
{
	AUTOCLOSE int lock = -1;

	*s = (struct store){ .m = m, .fd = -1 };
	if (lock_folders(m, dir, &lock, e) < 0 || check_hidden(m, dir, e) < 0) return -1;
	if (make_missing_folder(m, dir, LAYOUT_JAILS, e) < 0) return -1;
	if (store_look(m, dir, s, e) < 0 || owner_check(s->fd, s->path, e) < 0) return -1;
	return tree_check_flags(s->fd, s->path, e);
}

void store_foresee(struct arena *m, const char *dir, struct store *s)
{
	const char *above;
	int rc = store_look(m, dir, s, NULL);

	store_close(s);
	if (rc == 0) return;
	above = dataset_at(m, dir, NULL);
	set_dataset(s, above ? arena_printf(m, "%s/" LAYOUT_JAILS, above) : NULL);
}

int store_look_images(struct arena *m, const char *dir, struct store *s, struct err *e)
{
	struct mounts t;

	*s = (struct store){ .m = m, .path = images_path(m, dir) };
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0 && errno == ENOENT)
		return fail(e, ERR_MISSING, "there is no %s", s->path);
	if (s->fd < 0) return fail_sys(e, "open %s", s->path);
	if (mounts_read(m, &t, e) < 0) return -1;
	set_dataset(s, zfs_at(&t, s->path));
	return 0;
}

int store_open_images(struct arena *m, const char *dir, struct store *s, struct err *e)
{
	AUTOCLOSE int lock = -1;

	*s = (struct store){ .m = m, .fd = -1 };
	if (lock_folders(m, dir, &lock, e) < 0 || make_missing_folder(m, dir, IMAGES, e) < 0)
		return -1;
	return store_look_images(m, dir, s, e) < 0 ? -1 : owner_check(s->fd, s->path, e);
}

/* Programs inherit the lock. It is held for moments only, but ZFS may be slow, and a jail that
 * is almost finished is not given up for that: so there is no deadline. */
int store_lock(const struct store *s, struct err *e)
{
	return lock_of(s->fd, NO_DEADLINE, "the jailmaker directory", e);
}

const char *store_dataset(const struct store *s, const char *entry)
{
	return s->dataset ? arena_printf(s->m, "%s/%s", s->dataset, entry) : NULL;
}

const char *store_mounted(const struct store *s, int entry)
{
	const char *path;
	struct mounts t;

	if (mounts_read(s->m, &t, NULL) < 0 || !(path = mount_fd_path(s->m, entry, NULL)))
		return NULL;
	return zfs_at(&t, path);
}

int store_check_name(const struct store *s, const char *name, struct err *e)
{
	return s->ops->check_name(s, name, e);
}

int store_check_entry(const struct store *s, const char *name, struct err *e)
{
	if (faccessat(s->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return 0;
	return fail(e, ERR_EXISTS, "there is a jail %s already", name);
}

int store_check_free(const struct store *s, const char *name, struct err *e)
{
	return store_check_entry(s, name, e) < 0 ? -1 : store_check_name(s, name, e);
}

bool store_has_clone(const struct store *s, const char *snapshot)
{
	for (size_t i = 0; s->listed && i < s->listed->n; i++)
		if (str_eq(s->listed->v[i].origin, snapshot)) return true;
	return false;
}

int store_open_entry(const struct store *s, const char *entry, struct err *e)
{
	int fd = openat(s->fd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", entry) : fd;
}

int store_remove_point(const struct store *s, const char *entry, struct err *e)
{
	if (unlinkat(s->fd, entry, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
	return fail_sys(e, "remove %s", entry);
}

void store_close(struct store *s)
{
	if (s->fd >= 0) close(s->fd);
	s->fd = -1;
}
