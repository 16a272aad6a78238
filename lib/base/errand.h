/* System calls that may never return, in a child with a deadline
 *
 * Another program can block some system calls for ever, and then not even SIGKILL ends
 * them. errand_run waits for the child until the deadline, then kills it and does not wait
 * for its end. The child also gets SIGKILL when we die. Like a signal handler, the work
 * must not allocate memory and must not print.
 */
#ifndef BASE_ERRAND_H
#define BASE_ERRAND_H

#include <stdint.h>

struct err;

/* Returns an errno below 256; 0 on success. */
typedef int errand_work(const void *arg);

/* Returns 0, or -1. e->sys is the errno that the work returned, or ETIMEDOUT if it did not
 * return before the deadline (base/wait.h). ERR_INTERRUPTED: a signal was caught. */
int errand_run(errand_work *work, const void *arg, int64_t deadline, struct err *e);

#endif
