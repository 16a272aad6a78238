/* A stream of bytes to read from
 *
 * A source sets `pull` and embeds the struct in its own. The first fault sticks:
 * every later read returns it again, so a caller may check once, at the end.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct arena;

struct stream {
	/* Returns 1 to n bytes, 0 at the end, -1 on a fault; not called again after that. */
	ssize_t (*pull)(struct stream *s, void *buf, size_t n, struct err *e);
	uint64_t count;		/* bytes read so far */
	bool ended;
	struct err fault;	/* kind ERR_NONE: no fault */
};

ssize_t stream_read(struct stream *s, void *buf, size_t n, struct err *e);

/* Read to the end. The text ends in a NUL that `*len` does not count. NULL on failure, also on
 * more than `limit` bytes. `hint`: the expected size, 0 for unknown. */
char *stream_read_all(struct stream *s, struct arena *m, size_t limit, size_t hint, size_t *len,
                      struct err *e);

/* Read and drop at most `n` bytes. Returns how many there were, or -1. */
int64_t stream_skip(struct stream *s, uint64_t n, struct err *e);

#endif
