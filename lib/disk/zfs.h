/* ZFS datasets, by zfs(8)
 *
 * A directory is a dataset when it is where one is mounted: mountpoints tell, never
 * names. The program is run with arguments and a clean environment, and what it says
 * when it refuses is the fault. Nothing here looks at a machine without ZFS: who has
 * found no dataset with zfs_at has no reason to call the rest.
 *
 * A dataset that is busy is tried again for some seconds, then whoever holds it is
 * named. What changes something is not interrupted by a caught signal.
 */
#ifndef DISK_ZFS_H
#define DISK_ZFS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct mount;
struct mounts;
struct words;

/* The dataset that is mounted at the absolute, clean path `path`; NULL, no fault, when
 * that is something else. */
const char *zfs_at(const struct mounts *t, const char *path);

/* The dataset of a mount, likewise. */
const char *zfs_of(const struct mount *mnt);

struct zfs_dataset {
	const char *name;
	bool mounted;
	const char *origin;	/* the snapshot that it is a clone of, or "-" */
	const char *mountpoint;	/* a path, "legacy", "-" for volumes; "none": nowhere, ever */
};

/* File systems and volumes: `root` and all below it, `depth` levels deep (-1: all). */
struct zfs_dataset *zfs_list(struct arena *m, const char *root, int depth, size_t *n,
                             struct err *e);

/* A dataset, volume or snapshot as it is now. */
struct zfs_thing {
	const char *name;
	const char *id;		/* no other dataset of this name ever had or will have it */
	const char *mark;	/* its property jlmkr:kind, perhaps inherited; "-": none */
	bool held;		/* zfs-hold(8) */
};

/* `root`, what is below it, `depth` levels deep, and the snapshots of all but the lowest. */
struct zfs_thing *zfs_things(struct arena *m, const char *root, int depth, size_t *n,
                             struct err *e);

/* A dataset or a snapshot: ZFS says that it is there, or that it is not. Neither of them when
 * it cannot be asked. */
bool zfs_exists(const char *name);
bool zfs_is_gone(const char *name);

/* The first of `root` and below whose key is not loaded, or NULL. */
const char *zfs_locked_within(struct arena *m, const char *root);

/* Of several paths, ended by a NULL, `*which` is hidden: the dataset that would be mounted
 * there, or above, is not mounted or is locked. One sentence with the next step; NULL: none is.
 * Nobody is asked when there is no pool. */
const char *zfs_hidden(struct arena *m, const char *const *paths, const char **which);

/* Nothing is at the path, because the dataset that would be mounted there is mounted elsewhere:
 * likewise. */
const char *zfs_moved(struct arena *m, const char *path);

/* Why a path that should be there is not: either of these. */
const char *zfs_unmounted(struct arena *m, const char *path);

/* The same for `n` paths, NULL ones left out, with two questions for all of them. */
void zfs_unmounted_all(struct arena *m, const char *const *paths, size_t n, const char **why);

/* The user property that marks what is ours. */
#define ZFS_KIND "jlmkr:kind"

int zfs_create(const char *name, const char *kind,
               struct err *e);	/* kind NULL: not marked */
int zfs_mount(const char *name, struct err *e);
int zfs_unmount(const char *name, struct err *e);
int zfs_clone(const char *snapshot, const char *name, const char *kind, struct err *e);
int zfs_set_kind(const char *name, const char *kind, struct err *e);	/* NULL: take it off */
int zfs_rename(const char *from, const char *to, struct err *e);

/* A dataset that is not mounted by itself, ever, and a snapshot; with their mark. */
int zfs_create_aside(const char *name, const char *kind, struct err *e);
int zfs_snapshot(const char *snapshot, const char *kind, struct err *e);

/* Unmount all mounts of the named datasets, and what was mounted by hand, too; or none, and say
 * who is in the way. */
int zfs_unmount_all(const struct mounts *t, const struct words *names, struct err *e);

/* Mount those of the named datasets that were mounted then. */
void zfs_mount_again(const struct mounts *t, const struct words *names);

/* Is `name` the dataset `of`, or a snapshot of it, or below it? */
bool zfs_is_within(const char *name, const char *of);

#endif
