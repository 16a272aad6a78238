/* Put a file into an archive that its reader may have already (archive/have.h)
 *
 * Only this folder sees it. Only files whose path the reader knows are read for this, and read
 * once more if they are others.
 */
#ifndef DISK_EXPORT_SAME_H
#define DISK_EXPORT_SAME_H

#include <stddef.h>

struct err;
struct have;
struct pack;
struct tar_entry;
struct tar_extent;

/* The open regular file `fd` is what `n` says, with its contents in these extents. 1: the
 * reader has it, and the archive says so; 0: it has not. */
int export_same(const struct have *there, struct pack *to, const struct tar_entry *n, int fd,
                const struct tar_extent *v, size_t extents, struct err *e);

#endif
