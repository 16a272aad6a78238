/* The entries that a stream of ZFS is cut into, in an export (pack.h)
 *
 * They are called stream/00000001 and so on, and all but the last have one size, so that the
 * reader needs no memory for a piece, and `tar -O` or cat put the stream together again. Pure.
 */
#ifndef ARCHIVE_PIECES_H
#define ARCHIVE_PIECES_H

#include <stdbool.h>
#include <stdint.h>

struct tar_seen;

#define PIECES_FOLDER "stream/"

enum {
	PIECES_EACH = 4 << 20,		/* bytes */
	PIECES_MAX = 99999999,
	PIECES_NAME = sizeof PIECES_FOLDER + 8,
};

/* The name of the piece with that number, from 1 to PIECES_MAX. */
void pieces_name(uint32_t number, char name[PIECES_NAME]);

/* What was seen of them, in order. A zeroed one: nothing. */
struct pieces {
	uint32_t n;
	bool ended;		/* the last one was shorter: no more may come */
};

/* Whether the entry is the next piece. */
bool pieces_take(struct pieces *p, const struct tar_seen *entry);

#endif
