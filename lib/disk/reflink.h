/* Copies of files that share the blocks of what they are copied from (reflinks)
 *
 * Some file systems (btrfs, XFS, bcachefs) let two files have the same blocks until
 * one of them is written to: ioctl_ficlonerange(2). Copying a tree then takes as long
 * as making its names, and no room.
 */
#ifndef DISK_REFLINK_H
#define DISK_REFLINK_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* What a tree has, to know it again: `sum` is over paths, owners, modes, sizes and times, and
 * does not depend on the order. */
struct reflink_total {
	uint64_t entries, bytes, sum;
};

/* Can files in the directory `to` share blocks with files in `from`? Leaves nothing. */
bool reflink_works(int from, int to);

/* Copy what is in the directory `from`, and its own attributes, into the empty directory
 * `to`: all that unpacking keeps (lib/archive/unpack.h). Files have to be on the disk
 * already, or each of them waits for it. Done by a process of its own; what was made
 * before a fault stays. Nothing but files and directories is opened, and nothing that is
 * mounted in `from` is entered, whatever happens to the names meanwhile. `*total` is what
 * was found in `from`. Needs root. */
int reflink_tree(int from, int to, struct reflink_total *total, struct err *e);

#endif
