/* All that is in a ZFS dataset, for whoever destroys it
 *
 * It is read whole, with what tells each thing from another one that takes its name. It is
 * destroyed thing by thing, and nothing that was not read goes with it: ZFS refuses to
 * destroy a dataset that has something else in it.
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
	/* Both stay when it is renamed, and nothing else in the pool has both. `txg` grows:
	 * what is made later has a higher one. */
	uint64_t guid, txg;
	const char *origin;	/* the snapshot that it is a clone of, or "-" */
	const char *mountpoint;	/* a path, "legacy", "-"; "none": nowhere, ever */
	const char *kind;	/* our mark, set on the thing itself; NULL: none */
	bool mounted, readonly, held;
	bool stays;		/* a rename of the root does not move its mountpoint */
};

struct zfs_items {
	struct zfs_item *v;	/* the root first */
	size_t n;
};

/* The root and all below it. */
int zfs_items_read(struct arena *m, const char *root, struct zfs_items *items, struct err *e);

/* What `zfs get` printed about them. Pure. */
int zfs_items_parse(struct arena *m, char *text, const char *root, struct zfs_items *items,
                    struct err *e);

bool zfs_item_is_snapshot(const struct zfs_item *item);

/* The first of `now` that is not among `before`, whatever its name was; NULL: there is none. */
const struct zfs_item *zfs_items_new(const struct zfs_items *before,
                                     const struct zfs_items *now);

/* A number that stands for just these things, in any order and under any names. */
uint64_t zfs_items_sum(const struct zfs_items *items);

/* ERR_BUSY when one of them is a clone of another in such a way that neither can go first. */
int zfs_items_check_order(const struct zfs_items *items, struct err *e);

/* ERR_BUSY when something elsewhere in the pool is a clone of one of their snapshots. */
int zfs_items_check_clones(struct arena *m, const struct zfs_items *items, struct err *e);

/* Destroy them. The names of those that are gone are added to `gone`, also when it fails. */
int zfs_items_destroy(const struct zfs_items *items, struct words *gone, struct err *e);

/* A dataset or a snapshot, and nothing that is in it or depends on it: that makes it fail. One
 * that is not there is a success. */
int zfs_destroy_one(const char *name, struct err *e);

#endif
