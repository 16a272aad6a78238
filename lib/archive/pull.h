/* A source of bytes that is asked for its next piece
 *
 * Decoders are sources that ask another one: descriptor -> xz -> tar. The pieces
 * are of the size that suits the source, and borrowed until the next call.
 */
#ifndef ARCHIVE_PULL_H
#define ARCHIVE_PULL_H

#include <sys/types.h>

struct err;

struct pull {
	/* The number of bytes at `*data`, 0 at the end, -1 on a fault. */
	ssize_t (*next)(struct pull *p, const void **data, struct err *e);
};

#endif
