/* An archive's bytes in, a tree of files out
 *
 * The part of unpacking that runs in the child (lib/archive/unpack.h says what is kept
 * and what refused). `e` is never NULL here.
 */
#ifndef ARCHIVE_EXTRACT_H
#define ARCHIVE_EXTRACT_H

#include "lib/archive/unpack.h"

struct pull;

/* Find out how the bytes of `from` are compressed, unpack all of them into the
 * directory `root`, which is owned from now on, and read `from` to its end. */
int extract(struct pull *from, int root, const struct unpack_limits *limits,
            struct unpack_report *r, struct err *e);

#endif
