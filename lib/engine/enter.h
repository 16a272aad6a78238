/* Into a jail, from its first process
 *
 * A struct enter holds the namespaces and the root of a running jail, and knows
 * when it is over. We never enter ourselves: a child does, born in the jail's pid
 * namespace, because that is the only way in. What it connects comes back on
 * descriptors that it was born with.
 *
 * Refused: a process that is not the first of a pid namespace of its own, or that
 * has our mounts; what was meant for a jail would be done to the host. Nothing in
 * the jail is trusted: no path of it is followed but in its own root.
 *
 * The caller needs to be root. See namespaces(7), setns(2), pidfd_open(2).
 */
#ifndef ENGINE_ENTER_H
#define ENGINE_ENTER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bus;
struct err;

enum enter_ns { ENTER_PID, ENTER_MNT, ENTER_CGROUP, ENTER_UTS, ENTER_IPC, ENTER_NET, ENTER_USER,
	ENTER_NS_COUNT };

/* Descriptors, -1: none; a namespace that is our own needs none. */
struct enter {
	pid_t leader;
	int pidfd;			/* readable when the jail is over */
	int root;
	int ns[ENTER_NS_COUNT];
};

#define AUTOENTER __attribute__((cleanup(enter_close)))

/* `leader` is the jail's first process, as counted here. A process that is gone is
 * ERR_MISSING. On failure `en` is closed. */
int enter_open(struct enter *en, pid_t leader, struct err *e);

/* Safe on what enter_open gave up. */
void enter_close(struct enter *en);

/* Fork a process that is inside: in its mounts and processes, with `all` also in
 * its network and the rest. It calls `inside` and ends with what that returns as
 * its status. `inside` may use no more than a signal handler may.
 *
 * Returns the child to wait for, when it is inside already. */
pid_t enter_fork(const struct enter *en, bool all, int (*inside)(void *arg), void *arg,
                 struct err *e);

/* Connect to a unix socket in there. The errno of connect(2) is in the fault. */
int enter_connect(const struct enter *en, const char *path, struct err *e);

/* The jail's own system bus with its systemd on it. A jail that is booting is
 * waited for until the deadline, and as long as it lives. One that booted without
 * a bus, or does not come to an end with booting, gives its systemd's private
 * socket: see bus_kind.
 *
 * Faults: ERR_MISSING, the jail ended; errno ETIMEDOUT, not within the deadline;
 * errno ENOSYS, its init is not systemd. */
struct bus *enter_bus(const struct enter *en, int64_t deadline, struct err *e);

#endif
