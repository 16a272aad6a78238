/* A source of bytes that is pulled
 *
 * Whoever makes one fills in `pull` and embeds the struct in its own. The first
 * fault sticks: every later read tells it again, so that a caller may look once.
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
	/* 1 to n bytes, 0 at the end, -1 on a fault; not called again after those. */
	ssize_t (*pull)(struct stream *s, void *buf, size_t n, struct err *e);
	uint64_t count;		/* bytes handed out so far */
	bool ended;
	struct err fault;	/* kind ERR_NONE: none yet */
};

ssize_t stream_read(struct stream *s, void *buf, size_t n, struct err *e);

/* Everything to the end, terminated by a NUL that `*len` does not count; more than
 * `limit` bytes is a fault. `hint`: the expected size, 0 for unknown. */
char *stream_read_all(struct stream *s, struct arena *m, size_t limit, size_t hint, size_t *len,
                      struct err *e);

/* Read and forget at most `n` bytes. Returns how many there were, or -1. */
int64_t stream_skip(struct stream *s, uint64_t n, struct err *e);

#endif
