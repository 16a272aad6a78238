/* Sizes in bytes, as people write and read them
 *
 * Read: "512", "64K", "10G", "1.5T", in either case, with or without "B" or "iB" behind
 * the letter; always powers of 1024. A size is below 2^63.
 *
 * Written: "88.1 MiB" or, from 1024 MiB on, "1.5 GiB".
 */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdint.h>

struct arena;
struct err;

enum { SIZE_ROOM = 24 };

/* ERR_INPUT, quoting the text, if it is not a size. */
int size_parse(const char *text, uint64_t *bytes, struct err *e);

/* Write a size into `out` and return `out`. */
const char *size_text(uint64_t bytes, char out[SIZE_ROOM]);

/* The same for a table; NULL if it is negative: it is not known. */
const char *size_text_known(struct arena *m, int64_t bytes);

#endif
