/* The same work on several things at once, each in a process of its own
 *
 * For work that mostly waits: a process each needs no state machine, and one that
 * fails, hangs or crashes takes no other with it. The children print for
 * themselves. When a signal is caught they are all told (SIGTERM), nothing more is
 * begun, and everybody is waited for; a crew that loses its parent is told too.
 */
#ifndef BASE_PROCESS_POOL_H
#define BASE_PROCESS_POOL_H

#include <stddef.h>

struct err;

enum { PROCESS_NOT_BEGUN = -1 };

/* Call `work` for every i below n, at most `jobs` of them at the same time, begun in
 * order. What it returns (0 to 255) is found in status[i]; 128 + a signal's number when
 * one ended it. -1 with ERR_INTERRUPTED when a signal was caught, or when processes
 * cannot be made; status[i] is PROCESS_NOT_BEGUN where nothing was done. */
int process_pool_run(size_t n, size_t jobs, int (*work)(void *arg, size_t i), void *arg, int *status,
                     struct err *e);

#endif
