/* Copy files so that the copies share the blocks of the originals (reflinks)
 *
 * On some file systems (btrfs, XFS, bcachefs) two files can share blocks until one of them
 * is written to: ioctl_ficlonerange(2). Then copying a tree takes only as long as creating
 * its names, and no space.
 */
#ifndef DISK_REFLINK_H
#define DISK_REFLINK_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Numbers to recognize a tree: `sum` is a checksum of paths, owners, modes, sizes and times,
 * which does not depend on the order. */
struct reflink_total {
	uint64_t entries, bytes, sum;
};

/* Whether files in the directory `to` can share blocks with files in `from`. Tries it with
 * files that have no name. */
bool reflink_works(int from, int to);

/* The flags with which a tree is copied from `from` to `to` whether it works or not. */
int reflink_flags(int from, int to);

/* Copy the content of the directory `from`, and its own attributes, into the empty directory
 * `to`. Copies what unpacking keeps (lib/archive/unpack.h). The files should be synced before,
 * else each of them waits for the disk. A child process does the work; after a fault, the
 * copies made so far stay. Opens only regular files and directories, and enters no mount in
 * `from`, even if names change meanwhile. `*total` describes `from`. Needs root. */
int reflink_tree(int from, int to, struct reflink_total *total, struct err *e);

enum reflink_flags {
	REFLINK_COPY = 1,	/* the copies do not share blocks, on any file system, and keep
				 * holes */
	REFLINK_PAST_MOUNTS = 2,	/* leave out what is mounted there: else refused */
};

/* The same of a tree that may be in use, for going back to it later. Skips what disappears
 * meanwhile, and sockets; keeps attributes in "trusted.", which overlayfs(5) uses. */
int reflink_live_tree(int from, int to, int flags, struct reflink_total *total, struct err *e);

/* The same into a directory `name` in `dir` that is made for it. `total` may be NULL. */
int reflink_new_tree(int from, int dir, const char *name, int flags,
                     struct reflink_total *total, struct err *e);

#endif
