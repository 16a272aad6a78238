/* Why a path is not what it should be: the dataset that belongs there is not mounted, or mounted
 * elsewhere. */

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_impl.h"

static bool is_locked(struct arena *m, const char *name)
{
	char *argv[] = { "zfs", "get", "-H", "-o", "value", "keystatus", (char *)name, NULL };
	const char *text = zfs_ask(m, argv, NULL);

	return text && str_starts(text, "unavailable");
}

/* Whether a pool is there: where there is none nobody is asked. OpenZFS has a folder for each,
 * zfs-fuse a file as long as there is one. */
static bool has_pool(const struct mounts *t)
{
	AUTODIR DIR *pools = opendir("/proc/spl/kstat/zfs");
	struct dirent *entry;

	for (size_t i = 0; i < t->n; i++)
		if (zfs_of(&t->v[i])) return true;
	if (access("/var/lib/zfs/zpool.cache", F_OK) == 0) return true;
	while (pools && (entry = readdir(pools)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') return true;
	return false;
}

/* Where the file system is mounted that has the path, as things are. */
static const char *mount_above(const struct mounts *t, const char *path)
{
	const char *above = "/";

	for (size_t i = 0; i < t->n; i++)
		if (mount_path_in(path, t->v[i].point) && strlen(t->v[i].point) > strlen(above))
			above = t->v[i].point;
	return above;
}

/* Where it would be mounted; a mountpoint may lead through links. */
static const char *place_of(struct arena *m, const struct zfs_dataset *d)
{
	char real[PATH_MAX];

	return realpath(d->mountpoint, real) ? arena_strdup(m, real) : d->mountpoint;
}

/* Those that are mounted higher up, or never, have nothing to do with the path. */
static bool would_hold(const char *place, const char *path, const char *above)
{
	return mount_path_in(path, place) && mount_path_in(place, above) && strlen(place) > strlen(above);
}

static const char *tell_unmounted(struct arena *m, const struct zfs_dataset *d)
{
	if (is_locked(m, d->name))
		return arena_printf(m, "its dataset %s is locked: unlock it, or zfs load-key '%s' and "
		                    "zfs mount '%s'", d->name, d->name, d->name);
	return arena_printf(m, "its dataset %s is not mounted: zfs mount '%s'", d->name, d->name);
}

static const char *point_of(const struct mounts *t, const char *dataset)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *of = zfs_of(&t->v[i]);

		if (of && str_eq(of, dataset)) return t->v[i].point;
	}
	return NULL;
}

/* Nothing is there, or nothing that one sees. */
static bool is_bare(const char *path)
{
	AUTODIR DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.') return false;
	return true;
}

const char *zfs_moved(struct arena *m, const char *path)
{
	const char *slash = strrchr(path, '/'), *above, *name, *point;
	struct mounts t;

	if (mounts_read(m, &t, NULL) < 0 || zfs_at(&t, path) || !is_bare(path)) return NULL;
	if (!(above = zfs_at(&t, arena_strndup(m, path, (size_t)(slash - path))))) return NULL;
	name = arena_printf(m, "%s%s", above, slash);
	if (!(point = point_of(&t, name))) return NULL;
	return arena_printf(m, "its dataset %s is mounted at %s instead: zfs inherit mountpoint '%s'", name,
	                    point, name);
}

/* One that lies on another is mounted after it. */
static const char *find_hidden(struct arena *m, const struct mounts *t, const struct zfs_dataset *all,
                               size_t n, const char *path)
{
	const char *above = mount_above(t, path), *place, *highest = NULL;
	const struct zfs_dataset *found = NULL;

	for (const struct zfs_dataset *d = all; d < all + n; d++) {
		if (d->mounted || d->mountpoint[0] != '/') continue;
		if (!would_hold(place = place_of(m, d), path, above)) continue;
		if (highest && strlen(highest) <= strlen(place)) continue;
		highest = place;
		found = d;
	}
	return found ? tell_unmounted(m, found) : NULL;
}

const char *zfs_hidden(struct arena *m, const char *const *paths, const char **which)
{
	const struct zfs_dataset *all;
	const char *why = NULL;
	struct mounts t;
	size_t n;

	if (mounts_read(m, &t, NULL) < 0 || !has_pool(&t)) return NULL;
	if (!(all = zfs_list_mountable(m, &n))) return NULL;
	for (; !why && *paths; paths++)
		if ((why = find_hidden(m, &t, all, n, *paths))) *which = *paths;
	return why;
}

const char *zfs_unmounted(struct arena *m, const char *path)
{
	const char *const paths[] = { path, NULL };
	const char *why = zfs_hidden(m, paths, &path);

	return why ? why : zfs_moved(m, path);
}
