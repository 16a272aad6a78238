/* ZFS datasets, with zfs(8)
 *
 * A directory is a dataset if one is mounted there; names prove nothing. zfs(8) runs with
 * a clean environment, and its message becomes the fault. If zfs_at finds no dataset, there
 * is no reason to call the other functions, so a machine without ZFS never runs zfs(8).
 *
 * If a dataset is busy, the functions try again for some seconds; then the message names
 * the processes that use it. A caught signal does not interrupt a change.
 */
#ifndef DISK_ZFS_H
#define DISK_ZFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct mount;
struct mounts;
struct words;

/* The dataset that is mounted at the absolute, clean path `path`; NULL if there is none. */
const char *zfs_at(const struct mounts *t, const char *path);

/* The dataset of a mount; NULL if it is another file system, or only a part of a dataset. */
const char *zfs_of(const struct mount *mnt);

struct zfs_dataset {
	const char *name;
	bool mounted;
	const char *origin;	/* the snapshot that it is a clone of, or "-" */
	const char *mountpoint;	/* a path, "legacy", "-" for volumes; "none": never mounted */
};

/* The file systems and volumes: `root` and those below it, `depth` levels deep (-1: all). NULL
 * on failure. */
struct zfs_dataset *zfs_list(struct arena *m, const char *root, int depth, size_t *n,
                             struct err *e);

/* A dataset, volume or snapshot with its mark. */
struct zfs_marked {
	const char *name;
	const char *id;		/* no other dataset of this name ever had or will have it */
	const char *mark;	/* its property jlmkr:kind, perhaps inherited; "-": none */
	bool held;		/* zfs-hold(8) */
	const char *origin;	/* as in struct zfs_dataset */
};

/* List `root`, what is below it, `depth` levels deep, and the snapshots of all but the lowest
 * level. `*n` is their number, `n` must not be NULL. Returns NULL on failure. */
struct zfs_marked *zfs_list_marked(struct arena *m, const char *root, int depth, size_t *n,
                             struct err *e);

/* List `root` and what is one level below it, with one run of zfs(8) for both: the datasets
 * alone, or with another dataset `also` (NULL: none) its snapshots, those of `root`, and what
 * is one level below `also`. Some of that can be the same: each is listed once. */
struct zfs_marked *zfs_list_store(struct arena *m, const char *root, const char *also,
                                  size_t *n, struct err *e);

/* Whether zfs(8) reports that a dataset or snapshot exists, or that it does not. Both are false
 * if zfs(8) fails. */
bool zfs_exists(const char *name);
bool zfs_is_gone(const char *name);

/* The first dataset of `root` and below whose key is not loaded, or NULL. */
const char *zfs_locked_within(struct arena *m, const char *root);

/* Find the first path, of a NULL-ended list, that is hidden, because the dataset that would be
 * mounted there or above is locked or not mounted. Sets `*which` and returns a message with the
 * command that fixes it; NULL: none is hidden. Does not run zfs(8) if there is no pool. */
const char *zfs_hidden(struct arena *m, const char *const *paths, const char **which);

/* The same for a path that is empty because its dataset is mounted elsewhere. */
const char *zfs_moved(struct arena *m, const char *path);

/* A message why a path is missing or empty: either of these, or NULL. */
const char *zfs_unmounted(struct arena *m, const char *path);

/* The same for `n` paths (NULL ones are skipped), with two runs of zfs(8) for all of them. */
void zfs_unmounted_all(struct arena *m, const char *const *paths, size_t n, const char **why);

/* Did the command create the dataset, and could not mount it? `why` is the fault of zfs_create
 * or zfs_clone. */
bool zfs_says_not_mounted(const struct err *why);

/* The user property that marks what is ours. */
#define ZFS_KIND "jlmkr:kind"

/* `kind` NULL: without a mark; zfs_set_kind removes the mark then. */
int zfs_create(const char *name, const char *kind, struct err *e);
int zfs_mount(const char *name, struct err *e);
int zfs_unmount(const char *name, struct err *e);

/* `canmount`: its property of that name; NULL: the usual one. */
int zfs_clone(const char *snapshot, const char *name, const char *kind, const char *canmount,
              struct err *e);
int zfs_promote(const char *name, struct err *e);

/* Roll a dataset back to its snapshot of that label. Fails if there are newer snapshots, unless
 * they are to be destroyed, and if something is a clone of one of these. */
int zfs_rollback(const char *name, const char *label, bool destroy_newer, struct err *e);
int zfs_set_kind(const char *name, const char *kind, struct err *e);

/* What was mounted below it is mounted again (disk/zfs_below.h), unless the rename worked and
 * only the mount of the dataset itself failed. */
int zfs_rename(const char *from, const char *to, struct err *e);

/* The most that the files of the dataset may take, without its snapshots. 0: no limit. Fails if
 * they take more already. */
int zfs_set_refquota(const char *name, uint64_t bytes, struct err *e);

/* The most that the files with that project number may take in the dataset. 0: no limit. */
int zfs_set_project_quota(const char *name, uint32_t project, uint64_t bytes, struct err *e);

/* Create a dataset that is never mounted automatically, or a snapshot, with a mark. */
int zfs_create_aside(const char *name, const char *kind, struct err *e);
int zfs_snapshot(const char *snapshot, const char *kind, struct err *e);

/* Unmount all mounts of the named datasets, also those mounted by hand. On failure all are
 * mounted again, and the message names the processes that use them. */
int zfs_unmount_all(const struct mounts *t, const struct words *names, struct err *e);

/* Mount those of the named datasets that are mounted in the list `t`. */
void zfs_mount_again(const struct mounts *t, const struct words *names);

/* Whether `name` is the dataset `of`, a snapshot of it, or below it. */
bool zfs_is_within(const char *name, const char *of);

/* Whether two datasets are in one pool: a clone is in that of its snapshot. */
bool zfs_is_same_pool(const char *a, const char *b);

#endif
