/* One at a time: locks on open directories
 *
 * flock(2) locks. They need no file of their own, leave nothing behind, and end
 * with the last copy of the descriptor: closing it, or the death of everyone who
 * has it. Descriptors are close-on-exec, so programs that we run hold none.
 */
#ifndef DISK_LOCK_H
#define DISK_LOCK_H

#include <stdint.h>

struct err;

/* Take the lock of the open file or directory `fd`, which this call borrows: the
 * lock lasts as long as the descriptor. Tries until `deadline` (now_ms(), or any
 * past time: once). A lock that stays with others is ERR_BUSY, "WHAT is in use
 * by jlmkr-create (process 123)" as far as the kernel tells; a caught signal is
 * ERR_INTERRUPTED. */
int lock_take(int fd, int64_t deadline, const char *what, struct err *e);

#endif
