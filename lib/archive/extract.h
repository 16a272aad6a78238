/* Extract an archive into a tree of files
 *
 * The part of unpacking that runs in the child; lib/archive/unpack.h lists what is kept
 * and what is refused. `e` is never NULL here.
 */
#ifndef ARCHIVE_EXTRACT_H
#define ARCHIVE_EXTRACT_H

#include "lib/archive/unpack.h"

struct looking;
struct pull;

/* Detect the compression of `from`, read it to its end and extract it into the directory
 * `root`, which the function owns and closes. `looking`: if not NULL, only note it there. */
int extract(struct pull *from, int root, const struct unpack_limits *limits,
            struct looking *looking, struct unpack_report *r, struct err *e);

/* Read a layer to its end for what it takes away from the layers below, in `root`, which the
 * function owns and closes. This comes before `extract` of the same layer. */
int extract_whiteouts(struct pull *from, int root, const struct unpack_limits *limits,
                      struct err *e);

#endif
