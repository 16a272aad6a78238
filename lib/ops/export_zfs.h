/* The snapshot of a jail as a stream of ZFS, in the place of its files: what export does then
 *
 * Only this folder sees it. The snapshot stays, because the next stream can begin with it.
 */
#ifndef OPS_EXPORT_ZFS_H
#define OPS_EXPORT_ZFS_H

#include <stdbool.h>
#include <time.h>

#include "lib/disk/zfs_replica.h"

struct arena;
struct err;
struct pack;
struct snapshots;

struct export_zfs {
	struct arena *m;
	const struct snapshots *of;
	bool is_open;
	struct zfs_replica now;
	const struct zfs_replica_snap *snap, *from;	/* from NULL: in full */
};

/* Find out whether the jail can be sent, from the snapshot `from` (NULL: in full) on: before
 * one is made of it. ERR_HOST unless it is one dataset, ERR_MISSING if there is no `from`.
 * `makes`: whether one will be made; a standby with one of its own would take no stream any
 * more. */
int export_zfs_look(struct export_zfs *x, const struct snapshots *of, const char *from,
                    bool makes, struct err *e);

/* The snapshot that is sent, and must be newer than `from`. */
int export_zfs_choose(struct export_zfs *x, const char *label, const char *from,
                      struct err *e);

/* What the first entry of the export says. */
const char *export_zfs_head(const struct export_zfs *x);

/* Add the stream, in entries of the second `when`. */
int export_zfs_add(struct export_zfs *x, struct pack *p, time_t when, struct err *e);

/* The snapshot was made for this export, and stays: first because the file may get its name
 * from now on, then, if it has it, as the user's. */
int export_zfs_keep(const struct export_zfs *x, struct err *e);
int export_zfs_hand_over(const struct snapshots *of, const char *label, struct err *e);

/* Name one that an export has left between these: there is a file, or there is none. It is the
 * user's then. */
int export_zfs_adopt(const struct snapshots *of, const char *label, struct err *e);

#endif
