/* What an archive is compressed with, and without it
 *
 * xz, zstd, gzip and plain are told apart by their first bytes. An end in the
 * middle of the compressed data is a fault, and so is damage that the format can
 * see.
 */
#ifndef ARCHIVE_DECODE_H
#define ARCHIVE_DECODE_H

#include "lib/archive/pull.h"

struct arena;
struct decode;

/* A decoder that reads from `from`; it lives in `m`. NULL on failure. */
struct decode *decode_open(struct arena *m, struct pull *from, struct err *e);

/* What comes out of it. */
struct pull *decode_out(struct decode *d);

/* Safe on NULL. */
void decode_close(struct decode *d);

#endif
