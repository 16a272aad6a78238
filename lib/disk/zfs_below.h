/* The datasets below that of a jail, which have a part of its files
 *
 * Those above others come first.
 */
#ifndef DISK_ZFS_BELOW_H
#define DISK_ZFS_BELOW_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct mounts;
struct zfs_item;
struct words;
struct zfs_items;

struct zfs_below {
	const char *of;			/* the dataset above all of them */
	const struct zfs_item **v;
	size_t n;
	const char *newer;		/* one that is newer than the snapshot, or NULL */
};

/* All that existed when the snapshot of that label was made. ERR_INPUT if one of these has no
 * snapshot of that label. NULL: all that there are. */
int zfs_below_read(struct arena *m, const char *dataset, const char *label,
                   struct zfs_below *b, struct err *e);

/* The same of items that were read. Pure. */
int zfs_below_choose(struct arena *m, const struct zfs_items *items, const char *label,
                     struct zfs_below *b, struct err *e);

/* What follows the name of the dataset above: "/data". */
const char *zfs_below_name(const struct zfs_below *b, size_t i);

/* ERR_INPUT if one is mounted at a path that was set, which its clone cannot have. */
int zfs_below_check_clone(const struct zfs_below *b, struct err *e);

/* ERR_UNTRUSTED if there is a link, or something else that is no directory, on the way from the
 * open directory `top` to where a dataset is mounted that has this name behind that of `top`'s.
 * Who mounts it there would follow it. */
int zfs_below_check_way(int top, const char *name, struct err *e);

/* For zfs_clone: what is never mounted, or not automatically, stays that. */
const char *zfs_below_canmount(const struct zfs_below *b, size_t i);

/* Where a dataset is mounted; NULL: nowhere. */
const char *zfs_mounted_at(const struct mounts *t, const char *dataset);

/* zfs(8) follows the links on the way to a place, and those in a jail are the jail's: it could
 * have the administrator's dataset mounted over a folder of the host. So what is below a jail's
 * dataset is mounted by these alone.
 *
 * Mount what was mounted below `from`, as what it is below `now`, which is mounted. Warns of
 * what cannot be. */
void zfs_mount_below(struct arena *m, const struct mounts *before, const char *from,
                     const char *now);

/* Mount a dataset where it was. */
int zfs_mount_back(const struct mounts *before, const char *name, struct err *e);

/* The datasets that are mounted below `of`. */
void zfs_mounted_below(const struct mounts *t, const char *of, struct words *names);

#endif
