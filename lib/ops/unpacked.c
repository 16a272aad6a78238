#include "lib/ops/unpacked.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"
#include "lib/disk/zfs.h"
#include "lib/ops/jails.h"
#include "lib/ops/work.h"

#define MARK "@image"

enum { SHA256_HEX = 64, LOCK_WAIT_MS = 10000 };

static const int dir_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

static bool same_pool(const char *a, const char *b)
{
	size_t n = strcspn(a, "/");

	return n == strcspn(b, "/") && !strncmp(a, b, n);
}

void unpacked_open(struct arena *m, const char *dir, const struct jails *j, struct unpacked *u)
{
	AUTOCLOSE int images = -1;
	struct err why = { 0 };

	*u = (struct unpacked)UNPACKED_NONE;
	u->m = m;
	u->path = arena_printf(m, "%s/images", dir);
	u->home = jails_images(m, dir);
	images = open(u->path, dir_flags);
	if (images < 0 || owner_check(images, u->path, &why) < 0) {
		u->home = NULL;
		return;
	}
	if (!j->home && !u->home) shelf_open(m, images, j->fd, &u->shelf);
	if (u->home && (!j->home || !same_pool(u->home, j->home))) u->home = NULL;
}

void unpacked_close(struct unpacked *u)
{
	unpacked_drop(u);
	shelf_close(&u->shelf);
}

static const char *dataset_of(const struct unpacked *u, const char *sha256)
{
	return arena_printf(u->m, "%s/%s", u->home, sha256);
}

static const char *marked(const struct unpacked *u, const char *dataset)
{
	return arena_printf(u->m, "%s" MARK, dataset);
}

bool unpacked_clone(struct unpacked *u, const char *sha256, struct work *work)
{
	struct err why = { 0 };

	if (u->shelf.fd >= 0) {
		if (shelf_copy(&u->shelf, sha256, work->dir, &why) == 0) return true;
		if (why.kind != ERR_MISSING)
			out_verbose("the image is unpacked again: %s", why.text);
		return false;
	}
	return u->home && work_own(work, marked(u, dataset_of(u, sha256)), NULL) == 0;
}

static int open_image(const struct unpacked *u, const char *sha256)
{
	const char *path = arena_printf(u->m, "%s/%s", u->path, sha256);

	return open(path, dir_flags);
}

static const char *mounted_at(struct arena *m, int fd)
{
	const char *path = mount_fd_path(m, fd, NULL);
	struct mounts t;

	return path && mounts_read(m, &t, NULL) == 0 ? zfs_at(&t, path) : NULL;
}

/* Held for moments, so that nobody takes what is between two steps for litter. */
static int lock_images(const struct unpacked *u, struct err *e)
{
	AUTOCLOSE int fd = open(u->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) return fail_sys(e, "open %s", u->path);
	return lock_of(fd, deadline_in(LOCK_WAIT_MS), "the cache of images", e);
}

/* Whoever makes an image has it mounted and locked. */
static bool is_in_the_making(const struct unpacked *u, const char *sha256)
{
	AUTOCLOSE int fd = open_image(u, sha256);

	return fd >= 0 && mounted_at(u->m, fd) && lock_take(fd, now_ms(), sha256, NULL) < 0;
}

static void destroy(const struct unpacked *u, const char *dataset)
{
	zfs_destroy(dataset, NULL);
	rmdir(arena_printf(u->m, "%s/%s", u->path, strrchr(dataset, '/') + 1));
}

/* Mounted and locked, else given up: another create may have been quicker. */
static int enter(struct unpacked *u, const char *dataset, const char *sha256)
{
	AUTOCLOSE int fd = -1;
	const char *mounted;

	if (zfs_mount(dataset, NULL) < 0 || (fd = open_image(u, sha256)) < 0) return -1;
	mounted = mounted_at(u->m, fd);
	if (!mounted || !str_eq(mounted, dataset)) return -1;
	if (lock_take(fd, now_ms(), sha256, NULL) < 0 || fchmod(fd, 0700) < 0) return -1;
	return take_fd(&fd);
}

/* A new dataset, in the place of what a killed run may have left. */
static int make(struct unpacked *u, const char *dataset)
{
	if (zfs_create_aside(dataset, NULL) == 0) return 0;
	if (zfs_exists(marked(u, dataset))) return -1;
	destroy(u, dataset);
	return zfs_create_aside(dataset, NULL);
}

static int begin_dataset(struct unpacked *u, const char *sha256)
{
	AUTOCLOSE int all = u->home ? lock_images(u, NULL) : -1;
	const char *dataset;

	if (all < 0 || is_in_the_making(u, sha256)) return -1;
	dataset = dataset_of(u, sha256);
	if (make(u, dataset) < 0) return -1;
	if ((u->dir = enter(u, dataset, sha256)) < 0) {
		destroy(u, dataset);
		return -1;
	}
	u->dataset = dataset;
	return u->dir;
}

int unpacked_begin(struct unpacked *u, const char *sha256)
{
	int dir = u->shelf.fd >= 0 ? shelf_begin(&u->shelf, sha256) : begin_dataset(u, sha256);

	u->making = dir >= 0;
	return dir;
}

void unpacked_drop(struct unpacked *u)
{
	if (u->dir >= 0) close(take_fd(&u->dir));
	if (u->dataset) destroy(u, u->dataset);
	u->dataset = NULL;
	shelf_drop(&u->shelf);
	u->making = false;
}

/* Is the archive of the image still in the cache? */
static bool is_cached(const struct unpacked *u, const char *sha256)
{
	return strlen(sha256) == SHA256_HEX &&
	       access(arena_printf(u->m, "%s/%s.tar.xz", u->path, sha256), F_OK) == 0;
}

/* zfs refuses to destroy what has clones. */
static void drop_older(const struct unpacked *u)
{
	size_t n;
	const struct zfs_dataset *d = zfs_list(u->m, u->home, 1, &n, NULL);

	for (; d && n; n--, d++) {
		const char *name = strrchr(d->name, '/');

		if (!name || strlen(++name) != SHA256_HEX || is_cached(u, name)) continue;
		if (!is_in_the_making(u, name)) destroy(u, d->name);
	}
}

/* Marked before its lock ends. */
static int mark(struct unpacked *u, const char *snapshot, struct err *e)
{
	if (zfs_snapshot(snapshot, e) < 0) return -1;
	close(take_fd(&u->dir));
	if (zfs_unmount(u->dataset, NULL) == 0)
		rmdir(arena_printf(u->m, "%s/%s", u->path, strrchr(u->dataset, '/') + 1));
	u->dataset = NULL;
	return 0;
}

static int finish_dataset(struct unpacked *u, struct work *work, struct err *e)
{
	const char *snapshot = marked(u, u->dataset);
	AUTOCLOSE int all = lock_images(u, e);

	if (all < 0 || mark(u, snapshot, e) < 0) return -1;
	if (work_own(work, snapshot, e) < 0) return -1;
	drop_older(u);
	return 0;
}

static bool keep_cached(const void *arg, const char *sha256)
{
	return is_cached(arg, sha256);
}

static int finish_directory(struct unpacked *u, struct work *work, struct err *e)
{
	const char *sha256 = u->shelf.making;

	if (shelf_finish(&u->shelf, e) < 0) return -1;
	if (shelf_copy(&u->shelf, sha256, work->dir, e) < 0) return -1;
	shelf_clear(&u->shelf, keep_cached, u);
	return 0;
}

int unpacked_finish(struct unpacked *u, struct work *work, struct err *e)
{
	u->making = false;
	return u->shelf.making ? finish_directory(u, work, e) : finish_dataset(u, work, e);
}

static bool keep_none(const void *arg, const char *sha256)
{
	(void)arg;
	(void)sha256;
	return false;
}

static int prune_directories(struct arena *m, const char *path, struct err *e)
{
	AUTOCLOSE int images = open(path, dir_flags);
	struct shelf shelf;

	if (images < 0) return errno == ENOENT ? 0 : fail_sys(e, "open %s", path);
	shelf_look(m, images, &shelf);
	shelf_clear(&shelf, keep_none, NULL);
	shelf_close(&shelf);
	return 0;
}

static int prune_datasets(const struct unpacked *u, unsigned *kept, struct err *e)
{
	AUTOCLOSE int all = lock_images(u, e);
	const struct zfs_dataset *d;
	size_t n;

	if (all < 0 || !(d = zfs_list(u->m, u->home, 1, &n, e))) return -1;
	for (; n; n--, d++) {
		const char *name = strrchr(d->name, '/');

		if (!name || strlen(++name) != SHA256_HEX || is_in_the_making(u, name)) continue;
		destroy(u, d->name);
		*kept += zfs_exists(d->name);
	}
	return 0;
}

int unpacked_prune(struct arena *m, const char *dir, unsigned *kept, struct err *e)
{
	struct unpacked u = { .m = m, .path = arena_printf(m, "%s/images", dir) };
	struct mounts t;

	*kept = 0;
	if (prune_directories(m, u.path, e) < 0 || mounts_read(m, &t, e) < 0) return -1;
	u.home = zfs_at(&t, u.path);
	return u.home ? prune_datasets(&u, kept, e) : 0;
}
