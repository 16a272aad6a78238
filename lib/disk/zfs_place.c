/* Explain why a path is missing: the dataset that belongs there is not mounted, or mounted
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

/* Lines "NAME\tSTATUS" with a newline in front; none if this ZFS does not support
 * encryption. */
static const char *key_status(struct arena *m, const struct words *names)
{
	struct words argv = { .m = m };
	const char *text;

	words_add_all(&argv,
	              (char *[]){ "zfs", "get", "-H", "-o", "name,value", "keystatus", NULL });
	words_add_all(&argv, words_list(names));
	text = zfs_ask(m, words_list(&argv), NULL);
	return arena_printf(m, "\n%s", text ? text : "");
}

/* Whether there is a pool; if not, zfs(8) is not run. OpenZFS has a folder for each pool,
 * zfs-fuse a file while there is one. */
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

/* The mountpoint of the file system that contains the path now. */
static const char *mount_above(const struct mounts *t, const char *path)
{
	const char *above = "/";

	for (size_t i = 0; i < t->n; i++)
		if (mount_path_in(path, t->v[i].point) && strlen(t->v[i].point) > strlen(above))
			above = t->v[i].point;
	return above;
}

/* Where the dataset would be mounted; its mountpoint may contain links. */
static const char *place_of(struct arena *m, const struct zfs_dataset *d)
{
	char real[PATH_MAX];

	return realpath(d->mountpoint, real) ? arena_strdup(m, real) : d->mountpoint;
}

/* Whether a dataset at `place` would contain the path. Those at or above the mountpoint that
 * contains it now do not matter. */
static bool would_hold(const char *place, const char *path, const char *above)
{
	return mount_path_in(path, place) && mount_path_in(place, above) &&
	       strlen(place) > strlen(above);
}

static const char *unmounted_message(struct arena *m, const char *name, const char *status)
{
	if (strstr(status, arena_printf(m, "\n%s\tunavailable\n", name)))
		return arena_printf(m,
		                    "its dataset %s is locked: unlock it, or zfs load-key "
		                    "'%s' and zfs mount '%s'", name, name, name);
	return arena_printf(m, "its dataset %s is not mounted: zfs mount '%s'", name, name);
}

static const char *point_of(const struct mounts *t, const char *dataset)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *of = zfs_of(&t->v[i]);

		if (of && str_eq(of, dataset)) return t->v[i].point;
	}
	return NULL;
}

/* Whether the path does not exist, or has only hidden files. */
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
	return arena_printf(m,
	                    "its dataset %s is mounted at %s instead: zfs inherit "
	                    "mountpoint '%s'", name, point, name);
}

/* Of several datasets the highest is mounted first, so name that one. */
static const char *find_hidden(struct arena *m, const struct mounts *t,
                               const struct zfs_dataset *all, size_t n, const char *path)
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
	return found ? found->name : NULL;
}

/* why[i] becomes NULL if paths[i] is not hidden. */
static void find_hidden_all(struct arena *m, const char *const *paths, size_t n,
                            const char **why)
{
	const struct zfs_dataset *all;
	struct words found = { .m = m };
	const char *status;
	struct mounts t;
	size_t count;

	memset(why, 0, n * sizeof *why);
	if (mounts_read(m, &t, NULL) < 0 || !has_pool(&t)) return;
	if (!(all = zfs_list_mountable(m, &count))) return;
	for (size_t i = 0; i < n; i++)
		if (paths[i] && (why[i] = find_hidden(m, &t, all, count, paths[i])))
			words_add(&found, why[i]);
	status = found.n ? key_status(m, &found) : "";
	for (size_t i = 0; i < n; i++)
		if (why[i]) why[i] = unmounted_message(m, why[i], status);
}

const char *zfs_hidden(struct arena *m, const char *const *paths, const char **which)
{
	const char **why;
	size_t n = 0;

	while (paths[n])
		n++;
	why = arena_array(m, n + 1, sizeof *why);
	find_hidden_all(m, paths, n, why);
	for (size_t i = 0; i < n; i++) {
		if (!why[i]) continue;
		*which = paths[i];
		return why[i];
	}
	return NULL;
}

void zfs_unmounted_all(struct arena *m, const char *const *paths, size_t n, const char **why)
{
	find_hidden_all(m, paths, n, why);
	for (size_t i = 0; i < n; i++)
		if (paths[i] && !why[i]) why[i] = zfs_moved(m, paths[i]);
}

const char *zfs_unmounted(struct arena *m, const char *path)
{
	const char *why;

	zfs_unmounted_all(m, &path, 1, &why);
	return why;
}
