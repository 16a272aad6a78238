/* A source of bytes that returns them in pieces
 *
 * Decoders are sources that read from another one: descriptor -> xz -> tar. The source
 * chooses the size of the pieces. They are borrowed until the next call.
 */
#ifndef ARCHIVE_PULL_H
#define ARCHIVE_PULL_H

#include <sys/types.h>

struct err;

struct pull {
	/* Returns the number of bytes at `*data`, 0 at the end, -1 on a fault. */
	ssize_t (*next)(struct pull *p, const void **data, struct err *e);
};

#endif
