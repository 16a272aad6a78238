/* Decompress an archive
 *
 * Detects xz, zstd, gzip and plain archives by their first bytes. An end in the middle
 * of the compressed data is a fault, and so is damage that the format can detect.
 */
#ifndef ARCHIVE_DECODE_H
#define ARCHIVE_DECODE_H

#include <stddef.h>

#include "lib/archive/pull.h"

struct arena;
struct decode;

/* A decoder that reads from `from`; it lives in `m`. NULL on failure. */
struct decode *decode_open(struct arena *m, struct pull *from, struct err *e);

/* What a tar is in, by its first bytes: "tar in xz", "tar". */
enum { DECODE_HEAD = 6 };
const char *decode_kind(const void *head, size_t n);

/* The decompressed bytes. */
struct pull *decode_out(struct decode *d);

/* Safe on NULL. */
void decode_close(struct decode *d);

#endif
