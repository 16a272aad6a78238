/* Directory trees: made, synced, removed
 *
 * Everything is named by a directory descriptor and a name in it, and no link is
 * ever followed on the way down: a hostile tree decides what is removed inside
 * it and nothing else. A tree with mounts in it is not touched at all.
 */
#ifndef DISK_TREE_H
#define DISK_TREE_H

#include <sys/types.h>

struct err;

/* Make the directory `path` below `dir` with everything that is missing above it.
 * Directories that exist are left as they are. The new ones get `mode` (minus
 * the umask). */
int tree_make(int dir, const char *path, mode_t mode, struct err *e);

/* Remove `name` in `dir` and all that is in it; `name` has no slash and may be a
 * single file. Nothing by that name is a success. Immutable and append-only
 * flags are cleared where they are in the way. Refused with ERR_BUSY, before
 * anything is touched, when something is mounted on or in it; the mounts are
 * named. Stops with ERR_INTERRUPTED on a caught signal: what is left can be
 * removed by the next call. */
int tree_remove(int dir, const char *name, struct err *e);

/* Have the whole file system that holds `fd` written to its disks. */
int tree_sync(int fd, struct err *e);

#endif
