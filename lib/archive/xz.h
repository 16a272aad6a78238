/* xz, decoded on all cores
 *
 * A file of several blocks whose headers tell their sizes (`xz -T0` makes those) is
 * decoded by as many threads as the machine has cores and 80 MiB of buffers allow;
 * any other by the calling thread alone. Several streams in a row are one; what is
 * none of xz behind them is a fault, and so is an end within a stream.
 */
#ifndef ARCHIVE_XZ_H
#define ARCHIVE_XZ_H

#include "lib/archive/pull.h"

struct arena;
struct xz;

/* A decoder that reads from `from`. The struct lives in `m`; xz_close ends threads
 * and gives their memory back. NULL on failure. */
struct xz *xz_open(struct arena *m, struct pull *from, struct err *e);

/* What comes out of it. */
struct pull *xz_out(struct xz *x);

/* Safe on NULL. */
void xz_close(struct xz *x);

#endif
