/* Remove, rename and sync directory trees
 *
 * A tree is given by a directory descriptor and a name in it. The removal follows no
 * links and enters no mounts, and a tree with mounts in it is not touched at all.
 * Neither the depth of a tree nor the size of a directory has a limit. The removal uses
 * all processors, because the file system takes longer to remove a file than we take to
 * ask for it.
 *
 * To read through a tree without changing it, see survey.h; to copy one, see reflink.h.
 */
#ifndef DISK_TREE_H
#define DISK_TREE_H

#include <sys/types.h>

struct err;

/* Open a directory that is neither a link (ELOOP) nor a mount point (EXDEV). -1 with errno on
 * failure. */
int tree_open(int dir, const char *name);

/* Remove `name` in `dir` with all its content. `name` has no slash and may be a file or link;
 * `dir` may be AT_FDCWD. Returns 0 also if `name` does not exist. Clears immutable and
 * append-only flags of directories in the tree, and of files without other hard links, if they
 * prevent the removal; never those of `dir`. If something is mounted on or in the tree, it
 * fails with ERR_BUSY before it changes anything, and the message names the mounts. Stops with
 * ERR_INTERRUPTED on a caught signal; another call can remove the rest. */
int tree_remove(int dir, const char *name, struct err *e);

/* The same for a directory, whose file `last` (may be missing) is removed after all others. */
int tree_remove_marked(int dir, const char *name, const char *last, struct err *e);

/* Rename within `dir` to a name that does not exist (rename_new in base/fd.h). Clears flags as
 * above. */
int tree_rename(int dir, const char *from, const char *to, struct err *e);

/* Clear the immutable and append-only flags of an open directory. */
void tree_unlock(int fd);

/* ERR_HOST, with the command that fixes it, if the directory has a flag that prevents that its
 * entries are renamed or removed. `shown`: its path. */
int tree_check_flags(int dir, const char *shown, struct err *e);

/* Sync the whole file system of `fd`. */
int tree_sync(int fd, struct err *e);

#endif
