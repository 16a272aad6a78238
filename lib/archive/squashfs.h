/* Extract a squashfs image into a tree of files
 *
 * The part of unpacking that runs in the child, for squashfs 4.0 (the kernel's
 * Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h). What is kept,
 * skipped and refused is the same as in a tar (lib/archive/unpack.h). Sockets are
 * skipped too. Compressed by xz, zstd or gzip; lzma, lzo and lz4 are refused by name.
 *
 * The tables are at the end of an image, so it cannot be read as it arrives: it must be a
 * file. Blocks of data are decoded on all cores, in at most 64 MiB of memory. `e` is never
 * NULL here.
 */
#ifndef ARCHIVE_SQUASHFS_H
#define ARCHIVE_SQUASHFS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/archive/unpack.h"

struct looking;

/* Whether a file that begins with these bytes is a squashfs image. */
bool squashfs_begins(const void *head, size_t n);

enum { SQUASHFS_HEAD = 4 };	/* bytes that squashfs_begins needs */

/* Extract the image in the file `image`, which is borrowed, into the directory `root`, which
 * the function owns and closes. The position of `image` does not matter. `looking`: if not
 * NULL, only note it there. */
int squashfs_extract(int image, int root, const struct unpack_limits *limits,
                     struct looking *looking, struct unpack_report *r, struct err *e);

#endif
