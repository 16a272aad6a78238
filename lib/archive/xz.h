/* Decode xz on all cores
 *
 * If a file has several blocks with their sizes in the headers (`xz -T0` makes such
 * files), as many threads decode it as the machine has cores and 80 MiB of buffers allow;
 * else only the calling thread. Concatenated streams are one. Other data behind them is a
 * fault, and so is an end inside a stream.
 */
#ifndef ARCHIVE_XZ_H
#define ARCHIVE_XZ_H

#include "lib/archive/pull.h"

struct arena;
struct xz;

/* A decoder that reads from `from`. The struct lives in `m`; xz_close ends the threads and
 * frees their memory. NULL on failure. */
struct xz *xz_open(struct arena *m, struct pull *from, struct err *e);

/* The decoded bytes. */
struct pull *xz_out(struct xz *x);

/* Safe on NULL. */
void xz_close(struct xz *x);

#endif
