/* A process that goes into a jail
 *
 * Where a jail has nobody to ask, a process of ours has to go in: to run a command in a
 * jail whose init is not systemd, and to speak to a systemd that wants to see who calls.
 * The jail's root may trace what he can see, so all of it happens before there is anything
 * to see:
 *
 *   we		find out what the leader may do, and write it down
 *   the envoy	a program of its own, a sealed copy of this binary in memory: still among the
 *		host's processes, it takes on the leader's namespaces, control groups, system
 *		call filters, capabilities and no_new_privs, and closes what is not needed
 *   the guest	its child, the first that the jail can see: born with all of that, and not
 *		to be dumped. It is a child of ours, because the envoy made it so, and runs
 *		the command, or connects
 *
 * So whoever takes the guest over has what he had: the jail's own rights, no descriptor but
 * the command's, no memory of ours but that of the binary, which cannot be written.
 *
 * What the leader says of itself is believed only as far as it takes rights away: the kernel
 * writes /proc/PID/status, and a leader has at most what it was given.
 *
 * See credentials(7), capabilities(7), seccomp(2), ptrace(2) on PTRACE_SECCOMP_GET_FILTER,
 * clone(2) on CLONE_PARENT. */
#ifndef ENGINE_INSIDE_H
#define ENGINE_INSIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct nsenter;
struct err;

struct inside {
	char *const *argv, *const *env;	/* the command; looked up in the PATH of `env` */
	const char *cwd;
	uid_t uid;			/* as the jail counts */
	gid_t gid;
	const int *stdio; /* three descriptors, of which none is a terminal of ours */
	bool terminal;			/* the first is a pty that is to be its terminal */
};

/* A guest under way. */
struct guest {
	pid_t pid;			/* to be waited for; 0: none */
	int said;			/* why there is no command, or nothing */
	int step, why;			/* what was said already */
	int alive;			/* ends the guest with us, if it is not a command yet */
};

/* Returns when there is a guest. ERR_HOST when the jail's rights cannot be found out, or
 * its filter does not let us do so much. On failure nothing is left to close. */
int inside_start(struct guest *g, const struct nsenter *en, const struct inside *what,
                 struct err *e);

enum inside_step { INSIDE_RAN, INSIDE_ORPHANED, INSIDE_NO_FOLDER, INSIDE_NO_COMMAND };

/* How far the guest came, once it has ended, with the errno of the step that failed. Closes
 * what belongs to it. */
enum inside_step inside_end(struct guest *g, int *why);

/* Connect to a unix socket in the jail from a process of the jail. */
int inside_connect(const struct nsenter *en, const char *path, int64_t deadline, struct err *e);

/* What an envoy is called, and what it does: does not return. */
extern const char inside_name[];
_Noreturn void inside_main(char **argv);

#endif
