/* The stream of ZFS that an archive has in it, or is
 *
 * A child of the same kind as one that unpacks (unpack.h), with the same walls, decompresses
 * and checks the archive, and passes the bytes of the stream through a pipe to us. Only when
 * unstream_end returns 0 were these the right ones: who takes them has to be able to give up
 * until then.
 */
#ifndef ARCHIVE_UNSTREAM_H
#define ARCHIVE_UNSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/archive/unpack.h"

struct err;

struct unstream {
	struct unpack u;
	int (*take)(void *arg, const void *data, size_t n, struct err *e);
	void *arg;
};

/* Start a child in a zeroed `u`. `raw`: the archive is nothing but the stream, maybe
 * compressed. It passes what it is given from then on; unpack_abort ends it. */
int unpack_begin_stream(struct unpack *u, bool raw, struct err *e);

/* Pass on the next bytes of the archive, and take what comes of them. After any failure the
 * child has ended. */
int unstream_feed(struct unstream *s, const void *data, size_t n, struct err *e);

/* The archive is complete: take the rest. ERR_UNTRUSTED if it is damaged. The child has ended
 * when this returns. */
int unstream_end(struct unstream *s, struct err *e);

#endif
