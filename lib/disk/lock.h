/* Locks
 *
 * flock(2) locks. A lock ends when the last copy of its descriptor is closed, also by the
 * death of the processes that have it. A file that is left behind does not matter.
 *
 * Whoever may open a file may lock it, for good. So directories, and files that others can
 * open, are not locked themselves: the files of LOCK_FOLDER, which only root gets to, stand for
 * them. Where there is no room for such files, or /run is read-only, that is warned of once,
 * and all goes on without locks.
 *
 * A wait is told of after two seconds, and once more after ten even if quiet. A lock that stays
 * with others is ERR_BUSY, "WHAT is in use by jlmkr-create (process 123)" as far as the kernel
 * tells; a caught signal is ERR_INTERRUPTED. A deadline (base/wait.h) that is over means: try
 * once.
 */
#ifndef DISK_LOCK_H
#define DISK_LOCK_H

#include <stdint.h>

#include "lib/base/host.h"

struct err;

#define LOCK_FOLDER HOST_RUN "/lock"

/* Take the lock of the open file `fd`. It lasts until the caller closes the descriptor. */
int lock_take(int fd, int64_t deadline, const char *what, struct err *e);

/* Take the lock of a name. Returns a descriptor, close-on-exec. */
int lock_named(const char *name, int64_t deadline, const char *what, struct err *e);

/* The same, but programs that we run inherit the lock: one that outlives us holds it to its
 * end. */
int lock_named_for_all(const char *name, int64_t deadline, const char *what, struct err *e);

/* Take the lock of the open directory `fd`. It is found by device and inode, so a rename does
 * not matter. Programs that we run inherit it. */
int lock_of(int fd, int64_t deadline, const char *what, struct err *e);

/* Take the lock of a file in the open directory `folder`, opened with these flags of open(2)
 * and created if it does not exist. */
int lock_file(int folder, const char *name, int flags, int64_t deadline, const char *what,
              struct err *e);

/* Close a lock (-1: none), and remove its file. Processes that wait for it notice that, and
 * lock a new file. */
void lock_drop(const int *lock);

#define AUTOLOCK __attribute__((cleanup(lock_drop)))

#endif
