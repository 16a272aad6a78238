/* The progress of long work as a line of text
 *
 * "fetching 14% of 88.1 MiB, 20.1 MiB/s, 4s left". The speed is that of the last seconds,
 * so that a fast begin does not make the estimate too low. Pure: the clock is an
 * argument, in milliseconds.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/* A zeroed one is at the beginning. */
struct progress {
	struct { int64_t at; uint64_t done; } from, middle;
};

/* total 0: not known. A `done` below that of an earlier call means that the work began anew. */
void progress_text(struct progress *p, int64_t now, const char *what, uint64_t done,
                   uint64_t total, char *out, size_t room);

#endif
