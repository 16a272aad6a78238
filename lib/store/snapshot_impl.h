/* What snapshots of each kind of jail do in their own way: datasets and directories. */
#ifndef STORE_SNAPSHOT_IMPL_H
#define STORE_SNAPSHOT_IMPL_H

#include "lib/store/snapshot.h"

struct snapshot_ops {
	struct snapshot *(*list)(const struct snapshots *s, size_t *n, struct err *e);
	int (*make)(const struct snapshots *s, const struct snapshot_how *how, struct err *e);
	/* snapshot_open_files, of one that exists */
	int (*open_files)(const struct snapshots *s, const char *label, struct err *e);
	/* It exists, and nothing holds it. */
	int (*delete)(const struct snapshots *s, const char *label, struct err *e);
};

extern const struct snapshot_ops snapshot_zfs, snapshot_dir;

/* Turn the directory `entry` of the jail, which has a config and a rootfs, into a snapshot, by
 * one rename. Its file `last` is deleted after that. */
int snapshot_dir_adopt(const struct snapshots *s, const char *entry, const char *last,
                       const struct snapshot_how *how, struct err *e);

#endif
