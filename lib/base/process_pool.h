/* The same work on several things in parallel, each in a child process
 *
 * For work that mostly waits: with a process each it needs no state machine, and a
 * child that fails, hangs or crashes does not affect the others. The children print
 * for themselves. When we catch a signal, all children get SIGTERM, no more are
 * started, and all are waited for. If we die, the kernel sends them SIGTERM.
 */
#ifndef BASE_PROCESS_POOL_H
#define BASE_PROCESS_POOL_H

#include <stddef.h>

struct err;

enum { PROCESS_NOT_BEGUN = -1 };

/* Call `work` for every i below n, in order, at most `jobs` at the same time (0: all).
 * status[i] becomes what it returned (0 to 255), 128 + the signal's number if a signal
 * ended it, or PROCESS_NOT_BEGUN. Returns -1 with ERR_INTERRUPTED if a signal was caught,
 * and -1 if a process cannot be created. */
int process_pool_run(size_t n, size_t jobs, int (*work)(void *arg, size_t i), void *arg,
                     int *status, struct err *e);

#endif
