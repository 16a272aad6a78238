/* What is inside a running jail, reached from the host
 *
 * A struct nsenter holds a running jail by its first process, and knows when it is over.
 * Nothing of ours goes in: what has to be done there is an errand, a child that stays in
 * the host's pid and user namespaces, where no process of the jail can see it. It has
 * become the host's id of the jail's root, cannot be dumped, and has two descriptors: the
 * jail's root directory, in which the kernel resolves every path (openat2(2),
 * RESOLVE_IN_ROOT), and the one that it works on. (lib/engine/inside.h is for what must go
 * in all the same.)
 *
 * Nothing in the jail is trusted. A file system in it may never answer, and then neither a
 * signal nor SIGKILL ends who waits for it: so every errand has a deadline, after which it
 * is left to itself.
 *
 * Refused: a process that is not the first of a pid namespace of its own, or that has our
 * mounts; what was meant for a jail would be done to the host.
 *
 * The caller needs to be root. See namespaces(7), user_namespaces(7), pidfd_open(2). */
#ifndef ENGINE_NSENTER_H
#define ENGINE_NSENTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct bus;
struct err;

/* Descriptors: -1 when it is closed. */
struct nsenter {
	pid_t leader;
	int pidfd;			/* readable when the jail is over */
	int proc; /* its folder in /proc, which no later process can take over */
	int root;			/* what it has as its root directory */
	bool own_users;			/* a user namespace of its own */
	uid_t uid;			/* the jail's root as counted here: 0 without one */
	gid_t gid;
};

#define AUTONSENTER __attribute__((cleanup(nsenter_close)))

/* `leader` is the jail's first process, as counted here. A process that is gone is
 * ERR_MISSING. On failure `en` is closed. */
int nsenter_open(struct nsenter *en, pid_t leader, struct err *e);

/* Safe on what nsenter_open gave up, and on a zeroed struct made by nsenter_none. */
void nsenter_close(struct nsenter *en);
struct nsenter nsenter_none(void);

/* The faults of these three tell by errno: ETIMEDOUT, the jail does not answer; else what
 * the kernel said of the path. */

/* Connect to a unix socket in there, as the jail's root. Its peer is told no pid. */
int nsenter_connect(const struct nsenter *en, const char *path, int64_t deadline,
                    struct err *e);

/* The first `limit` bytes of a regular file; what is no regular file is not opened. */
char *nsenter_read(const struct nsenter *en, const char *path, size_t limit, int64_t deadline,
                   struct arena *m, struct err *e);

/* Whether `path` is there, its type being `type` (S_IFREG ...) and, unless `mode` is 0, its
 * mode having one of these bits. What does not answer is not there. */
bool nsenter_has(const struct nsenter *en, const char *path, mode_t type, mode_t mode);

/* Have an inotify descriptor told of what appears in the jail's folders `paths`, NULL-ended,
 * those that there are. */
void nsenter_watch(const struct nsenter *en, int notify, const char *const *paths);

/* The jail's own system bus with its systemd on it. A jail that is booting is
 * waited for until the deadline, and as long as it lives. One that booted without
 * a bus, or does not come to an end with booting, gives its systemd's private
 * socket: see bus_kind.
 *
 * Faults: ERR_MISSING, the jail ended; errno ETIMEDOUT, not within the deadline;
 * errno ENOSYS, its init is not systemd. */
struct bus *nsenter_bus(const struct nsenter *en, int64_t deadline, struct err *e);

#endif
