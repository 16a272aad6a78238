/* Snapshots of a ZFS dataset and of all datasets below it, which have one label
 *
 * ZFS makes and destroys the snapshots of one label in one step: all of them or none.
 */
#ifndef DISK_ZFS_SNAPS_H
#define DISK_ZFS_SNAPS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"

struct arena;
struct err;

struct zfs_snap {
	const char *label;	/* "monday" of tank/jails/web@monday */
	int64_t made;		/* seconds since 1970 */
	uint64_t txg;		/* a later snapshot has a higher one */
	uint64_t used, referenced, holds;	/* of all datasets together */
	const char *kind;	/* our mark, not inherited; NULL: none */
	struct words clones;	/* datasets that were cloned from it */
};

/* The snapshots of `dataset`, the oldest first. A label that only datasets below it have is not
 * listed. NULL on failure. */
struct zfs_snap *zfs_snaps_read(struct arena *m, const char *dataset, size_t *n, struct err *e);

/* Parse the output of `zfs get`; without the clones. Pure. */
struct zfs_snap *zfs_snaps_parse(struct arena *m, char *text, const char *dataset, size_t *n,
                                 struct err *e);

/* ERR_EXISTS if one of the datasets has a snapshot of that label. */
int zfs_snaps_make(const char *dataset, const char *label, const char *kind, struct err *e);

/* Destroy the snapshots of that label. */
int zfs_snaps_destroy(const char *dataset, const char *label, struct err *e);

#endif
