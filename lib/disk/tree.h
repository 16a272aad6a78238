/* Directory trees: synced and removed
 *
 * Everything is named by a directory descriptor and a name in it. A tree that is
 * removed decides about itself only: no link is followed on the way down, no
 * mount entered, and a tree with mounts in it is not touched at all. Neither the
 * depth of a tree nor the size of a directory has a limit.
 */
#ifndef DISK_TREE_H
#define DISK_TREE_H

#include <sys/types.h>

struct err;

/* Remove `name` in `dir` and all that is in it; `name` has no slash, may be a single
 * file or link, and `dir` may be AT_FDCWD. Nothing by that name is a success.
 * Immutable and append-only flags are cleared where they are in the way. Refused
 * with ERR_BUSY, before anything is touched, when something is mounted on or in it;
 * the mounts are named. Stops with ERR_INTERRUPTED on a caught signal: what is left
 * can be removed by the next call. */
int tree_remove(int dir, const char *name, struct err *e);

/* Rename within `dir`; flags are cleared likewise. */
int tree_rename(int dir, const char *from, const char *to, struct err *e);

/* Have the whole file system that holds `fd` written to its disks. */
int tree_sync(int fd, struct err *e);

#endif
