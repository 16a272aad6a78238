/* A piece of work in a child, that may never come back
 *
 * For system calls that another program can hold up for ever, where not even SIGKILL ends
 * them: the child is waited for until the deadline, then killed and left to itself. It
 * ends with us. Like a signal handler's, its work asks for no memory and prints nothing.
 */
#ifndef BASE_ERRAND_H
#define BASE_ERRAND_H

#include <stdint.h>

struct err;

/* Returns an errno, 0 for success: below 256. */
typedef int errand_work(const void *arg);

/* 0, or -1 with the errno that the work returned, ETIMEDOUT when it did not in time;
 * ERR_INTERRUPTED when a signal was caught. */
int errand_run(errand_work *work, const void *arg, int64_t deadline, struct err *e);

#endif
