/* One at a time: locks
 *
 * flock(2) locks. They leave nothing behind that counts, and end with the last copy of the
 * descriptor: closing it, or the death of everyone who has it.
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

/* Take the lock of the open file `fd`, which this call borrows: it lasts as long as the
 * descriptor. */
int lock_take(int fd, int64_t deadline, const char *what, struct err *e);

/* The lock of a name. A descriptor, close-on-exec. */
int lock_named(const char *name, int64_t deadline, const char *what, struct err *e);

/* The same, which programs that we run inherit: one that outlives us keeps it to its end. */
int lock_named_for_all(const char *name, int64_t deadline, const char *what, struct err *e);

/* The lock of the open directory `fd`, whatever its name becomes: by device and inode, which
 * stay as long as it is mounted. Programs inherit it. */
int lock_of(int fd, int64_t deadline, const char *what, struct err *e);

/* The lock of a file in the open directory `folder`, made if it is missing, with these flags of
 * open(2). */
int lock_file(int folder, const char *name, int flags, int64_t deadline, const char *what,
              struct err *e);

/* Close it, and remove the file of a lock that nobody will want again; -1 is none. Others who
 * wait for it do not mind. */
void lock_drop(const int *lock);

#define AUTOLOCK __attribute__((cleanup(lock_drop)))

#endif
