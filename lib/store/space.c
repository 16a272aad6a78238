#include "lib/store/space.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <fcntl.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/disk/mount.h"
#include "lib/disk/project.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_space.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"

/* Its quota is that of the key quota=, or one of both that somebody has set. */
static void take_dataset(const struct zfs_space *z, struct space *s)
{
	s->used = z->used;
	s->referenced = z->referenced;
	s->snapshots = z->snapshots;
	s->available = z->available;
	s->quota = z->refquota && (!z->quota || z->refquota < z->quota) ? z->refquota :
	           z->quota;
}

static int read_datasets(struct arena *m, size_t n, struct space *out, struct err *e)
{
	const char **names = arena_array(m, n + 1, sizeof *names);
	struct zfs_space *found = arena_array(m, n + 1, sizeof *found);
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (out[i].dataset) names[count++] = out[i].dataset;
	if (!count) return 0;
	if (zfs_space_read(m, names, count, found, e) < 0) return -1;
	for (size_t i = 0; i < n; i++)
		if (out[i].dataset) take_dataset(found++, &out[i]);
	return 0;
}

/* What a root file system in a project takes is counted. */
static void take_project(int dir, struct space *s)
{
	AUTOCLOSE int rootfs = tree_open(dir, LAYOUT_ROOTFS);
	struct project p;

	if (rootfs < 0 || !project_read(rootfs, &p)) return;
	s->quota = (int64_t)p.limit;
	s->referenced = (int64_t)p.used;
	if (s->snapshots == 0) s->used = s->referenced;
	if (p.used > p.limit) s->available = 0;
	else if (s->available > s->quota - s->referenced)
		s->available = s->quota - s->referenced;
}

static void read_directory(int dir, struct space *s)
{
	struct statvfs fs;
	struct stat st;

	s->quota = 0;
	if (fstatvfs(dir, &fs) == 0)
		s->available = (int64_t)((uint64_t)fs.f_bavail * fs.f_frsize);
	if (fstatat(dir, LAYOUT_SNAPSHOTS, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		s->snapshots = 0;
	take_project(dir, s);
}

static int look_at_jail(struct arena *m, const struct mounts *t, struct jail *j,
                        struct space *s, struct err *e)
{
	int dir = jail_dir(j, e);
	const char *path = dir < 0 ? NULL : mount_fd_path(m, dir, e);

	if (!path) return -1;
	if (!(s->dataset = zfs_at(t, path))) read_directory(dir, s);
	jail_leave(j);
	return 0;
}

int space_read(struct arena *m, struct jail *jails, size_t n, struct space *out, struct err *e)
{
	struct mounts t;

	if (mounts_read(m, &t, e) < 0) return -1;
	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };

		out[i] = (struct space){ NULL, -1, -1, -1, -1, -1 };
		if (look_at_jail(m, &t, &jails[i], &out[i], &why) < 0) out_warn("%s", why.text);
	}
	return read_datasets(m, n, out, e);
}
