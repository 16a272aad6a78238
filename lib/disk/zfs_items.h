/* List and destroy a ZFS dataset with all that is in it
 *
 * First all datasets and snapshots in it are listed, with numbers that distinguish each from
 * another one of the same name. Then they are destroyed one by one. Nothing that is not in
 * the list is destroyed, because ZFS refuses to destroy a dataset that has anything else in
 * it.
 */
#ifndef DISK_ZFS_ITEMS_H
#define DISK_ZFS_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct words;

/* A dataset or a snapshot. */
struct zfs_item {
	const char *name;	/* "tank/jails/web", "tank/jails/web@monday" */
	/* A rename does not change them, and nothing else in the pool has both. A dataset that
	 * is created later has a higher `txg`. */
	uint64_t guid, txg;
	const char *origin;	/* the snapshot that it is a clone of, or "-" */
	const char *mountpoint;	/* a path, "legacy", "-"; "none": never mounted */
	const char *kind;	/* our mark, not inherited; NULL: none */
	bool mounted, readonly, held;
	bool stays;		/* a rename of the root does not move its mountpoint */
};

struct zfs_items {
	struct zfs_item *v;	/* the root first */
	size_t n;
};

/* Read the root and all datasets and snapshots below it. */
int zfs_items_read(struct arena *m, const char *root, struct zfs_items *items, struct err *e);

/* Parse the output of `zfs get`. Pure. */
int zfs_items_parse(struct arena *m, char *text, const char *root, struct zfs_items *items,
                    struct err *e);

bool zfs_item_is_snapshot(const struct zfs_item *item);

/* The first item in `now` that is not in `before`, under any name; NULL: none. */
const struct zfs_item *zfs_items_new(const struct zfs_items *before,
                                     const struct zfs_items *now);

/* A checksum of these items; order and names do not matter. */
uint64_t zfs_items_sum(const struct zfs_items *items);

/* ERR_BUSY if some of them are clones of each other, so that none can be destroyed first. */
int zfs_items_check_order(const struct zfs_items *items, struct err *e);

/* ERR_BUSY if another dataset in the pool is a clone of one of their snapshots. */
int zfs_items_check_clones(struct arena *m, const struct zfs_items *items, struct err *e);

/* Destroy them, and add the names of the destroyed ones to `gone`, also on failure. */
int zfs_items_destroy(const struct zfs_items *items, struct words *gone, struct err *e);

/* Destroy a dataset or a snapshot. Fails if something is in it or depends on it. Returns 0 also
 * if it does not exist. */
int zfs_destroy_one(const char *name, struct err *e);

#endif
