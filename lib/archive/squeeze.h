/* Compress a stream on all cores
 *
 * The stream is cut into pieces of one size, and each is compressed by itself: a frame of zstd,
 * a block of xz, a member of gzip. So the result does not depend on the number of cores, and
 * the same bytes give the same file. All of it goes to a descriptor, in order.
 *
 * zstd and gzip have bits that change nothing of what is decoded. So a last frame or member,
 * which is empty, has the SHA-256 of all compressed bytes before it: the seal. xz protects each
 * bit by itself.
 */
#ifndef ARCHIVE_SQUEEZE_H
#define ARCHIVE_SQUEEZE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/sha256.h"

struct arena;
struct err;
struct squeeze;

enum squeeze_kind { SQUEEZE_NONE, SQUEEZE_ZSTD, SQUEEZE_XZ, SQUEEZE_GZIP };

enum { SQUEEZE_SLOTS = 10 };	/* pieces at work at the same time, at most */

/* What else is to be done with each piece, in order. */
struct squeeze_hooks {
	/* By a thread for this alone: the piece is full. */
	void (*full)(void *arg, unsigned slot, const unsigned char *data);
	/* By the caller's thread, in one of the calls below: the piece was written. */
	int (*written)(void *arg, unsigned slot, struct err *e);
	void *arg;
};

/* Write to the descriptor `fd`, which is borrowed. Memory and threads are taken as bytes come.
 * `hooks` may be NULL. Lives in `m`; squeeze_close ends it. */
struct squeeze *squeeze_open(struct arena *m, enum squeeze_kind kind, int fd,
                             const struct squeeze_hooks *hooks);

/* The slot of the piece that squeeze_took has filled last, and how much is in it. */
unsigned squeeze_slot(const struct squeeze *q, size_t *n);

/* Where the next bytes go: `*room` of them, at least one. NULL on failure, ERR_UNREAD if nobody
 * reads the descriptor any more. */
void *squeeze_room(struct squeeze *q, size_t *room, struct err *e);

/* `n` bytes were put there. */
void squeeze_took(struct squeeze *q, size_t n);

int squeeze_add(struct squeeze *q, const void *data, size_t n, struct err *e);

/* Write what has come so far; the piece ends there. */
int squeeze_flush(struct squeeze *q, struct err *e);

/* All bytes have come: compress and write what is left. `hex` becomes the SHA-256 of all that
 * was written. */
int squeeze_end(struct squeeze *q, char hex[SHA256_HEX + 1], struct err *e);

/* Safe on NULL. */
void squeeze_close(struct squeeze *q);

/* The seal: `head`, the SHA-256 as SHA256_SIZE bytes, `tail`. */
struct squeeze_seal {
	const unsigned char *head, *tail;
	size_t head_n, tail_n;
};

enum { SQUEEZE_SEAL_MAX = 80 };

/* Of a kind; NULL if it has none. */
const struct squeeze_seal *squeeze_seal(enum squeeze_kind kind);

#endif
