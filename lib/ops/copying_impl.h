/* Inside of lib/ops/copying*.c: the ways in which a jail is sent
 *
 * copying.c looks at both sides and says what is to happen there; what is sent is either a
 * stream of ZFS or a tree of files.
 */
#ifndef OPS_COPYING_IMPL_H
#define OPS_COPYING_IMPL_H

#include "lib/ops/copying.h"

#define KIND_COPY "snapshot:" SNAPSHOT_COPY

/* What there is here now. The list that was read before is no longer of use. */
int copying_look_here(struct copying *c, struct err *e);

/* What the other side has of an earlier copy is deleted. */
int copying_discard(struct copying *c, struct err *e);

/* A stream of ZFS: one snapshot in full, or each that is missing there; or tell of them. */
int copying_zfs_whole(struct copying *c, struct err *e);
int copying_zfs_missing(struct copying *c, struct err *e);

/* The newest snapshot here that was made for this; NULL: none. */
const struct zfs_replica_snap *copying_zfs_last(const struct copying *c);

/* copying_tidy; what is in use is left for the next time. */
void copying_zfs_tidy(struct copying *c, bool all);

/* A tree: the files that are not there, or tell what they are; for a standby, under an id. */
int copying_tree_send(struct copying *c, struct err *e);
int copying_tree_plan(struct copying *c, struct err *e);
int copying_tree_standby(struct copying *c, struct err *e);

#endif
