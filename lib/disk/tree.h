/* Directory trees: synced and removed
 *
 * Everything is named by a directory descriptor and a name in it. A tree that is
 * removed decides about itself only: no link is followed on the way down, no
 * mount entered, and a tree with mounts in it is not touched at all. Neither the
 * depth of a tree nor the size of a directory has a limit. Removing works on all
 * processors: a file system takes longer to forget a file than we do to name it.
 */
#ifndef DISK_TREE_H
#define DISK_TREE_H

#include <sys/types.h>

struct err;

/* Open a directory that is neither a link nor behind a mount: -1 with errno, EXDEV for the
 * latter. */
int tree_open(int dir, const char *name);

/* Remove `name` in `dir` and all that is in it; `name` has no slash, may be a single
 * file or link, and `dir` may be AT_FDCWD. Nothing by that name is a success.
 * Immutable and append-only flags are cleared where they are in the way, of the directories of
 * the tree and of its files that have no other name; never those of `dir`. Refused
 * with ERR_BUSY, before anything is touched, when something is mounted on or in it;
 * the mounts are named. Stops with ERR_INTERRUPTED on a caught signal: what is left
 * can be removed by the next call. */
int tree_remove(int dir, const char *name, struct err *e);

/* The same of a directory, in which the file `last`, if there is one, stays until all else is
 * gone. */
int tree_remove_marked(int dir, const char *name, const char *last, struct err *e);

/* Rename within `dir`; nothing is replaced, where the file system can tell. Flags are cleared
 * likewise. */
int tree_rename(int dir, const char *from, const char *to, struct err *e);

/* Clear those flags of an open directory. */
void tree_unlock(int fd);

/* ERR_HOST, with the command that mends it, when the directory has a flag that keeps what is in
 * it from being renamed or removed. `shown`: its path. */
int tree_check_flags(int dir, const char *shown, struct err *e);

/* Have the whole file system that holds `fd` written to its disks. */
int tree_sync(int fd, struct err *e);

#endif
