/* What the parts of the engine share */
#ifndef ENGINE_IMPL_H
#define ENGINE_IMPL_H

#include <sys/types.h>

#include "lib/engine/nsenter.h"
#include "lib/engine/watchdog.h"
#include "lib/systemd/manager.h"

struct arena;
struct engine;
struct err;
struct exec_how;
struct jail;
struct passwd_line;
struct run_options;
struct terminal;

/* Connect, if that is not done yet. */
int engine_open(struct engine *en, struct err *e);

/* After a fault of a wait or a call: when it says that the connection is lost, or
 * that systemd does not answer any more, make a new one, on which the watch goes on.
 * Returns 0 then, else -1 with the fault as it was, or with the reason why there is
 * no new one. */
int engine_resume(struct engine *en, struct unit_watch *uw, struct err *e);

/* The jail's first process, as counted here. ERR_MISSING when it does not run, ERR_BUSY when
 * it is another jail that does. */
int engine_leader(struct engine *en, const struct jail *j, pid_t *leader, struct err *e);

/* As place_elsewhere, for a unit that is loaded and not over. */
const char *unit_elsewhere(struct engine *en, const struct jail *j, const struct unit_state *s);

/* An enum jail_state; `*elsewhere` is set, unless it is NULL. */
int unit_jail_state(struct engine *en, const struct jail *j, const struct unit_state *s,
                    const char **elsewhere);

/* The leader and the keeper of the running jail of that name, whosever it is, as machined has
 * written them down; each 0 when not known. */
void engine_registered(struct arena *m, const char *jail, pid_t *leader, pid_t *keeper);

/* Make machined forget a jail that does not run any more: nspawn itself cannot tell
 * it when dbus was restarted meanwhile, and the next start would find the name taken.
 * Asks nobody in the usual case. */
void engine_forget(struct engine *en, const struct jail *j);

/* What a stop holds while it is under way: the lock of the jail, or -1; ERR_BUSY if another
 * stop has it. Wait a moment for those who only look. */
int stopping_lock(struct engine *en, const struct jail *j, bool wait, struct err *e);

/* As engine_is_ending, for a jail that is held by its leader. */
bool nsenter_is_ending(struct engine *en, const struct nsenter *in);

/* The same for a unit that is active. */
bool unit_is_ending(struct engine *en, const struct jail *j, const struct unit_state *s);

/* The leader of a unit that is active; 0: it has none. */
pid_t unit_leader(struct engine *en, const struct jail *j, const struct unit_state *s);

/* Whether systemd-nspawn, by its pid or by that of the leader, runs a command of the config
 * instead of an init. */
bool keeper_runs_command(struct arena *m, pid_t keeper);
bool leader_runs_command(struct arena *m, pid_t leader);

/* The first child of a process, 0 if it has none or is gone. */
pid_t process_child(struct arena *m, uint32_t pid);

/* Whether the process has the jail's rootfs as its root directory. */
bool process_has_rootfs(struct arena *m, const struct jail *j, pid_t pid);

/* How long a stop waits for each step, when a struct stop_how asks so and the unit has a
 * TimeoutStopUSec of `own`: seconds, or -1 without end. */
int64_t stop_seconds(long asked, uint64_t own);

/* Send it a signal. ERR_MISSING as before. */
int engine_signal(struct engine *en, const struct jail *j, int sig, struct err *e);

/* A service inside a jail, by the jail's own systemd, that we wait for. */
struct jail_unit {
	struct arena *m;
	const char *jail, *unit;	/* their names */
	const char *user, *cwd;	/* as asked for, to be named in a fault; NULL: neither */
	const char *program;	/* that was asked for */
	struct nsenter in;
	struct bus *bus;
	struct unit_watch watch;
	struct watchdog guard;	/* while the service runs */
	bool over;		/* it does not run any more, or never did */
	bool is_command;	/* the jail runs a command of its config, not another init */
	bool stop_on_signal;	/* set: a signal stops it, and is a fault of jail_unit_wait */
	int sig, sig_count;	/* the last that was handed on */
};

#define AUTOJAILUNIT __attribute__((cleanup(jail_unit_close)))

/* Reach the jail's systemd; a jail that boots is waited for `seconds`. When its init
 * is not systemd that is errno ENOSYS in the fault, and `in` is open all the same. */
int jail_unit_open(struct jail_unit *in, struct engine *en, const struct jail *j, long seconds,
                   struct err *e);
void jail_unit_close(struct jail_unit *in);

/* Start a service there: the options with three descriptors, none of which is a terminal of
 * ours, and the command.
 * Returns when the jail's systemd has taken it on. Whatever becomes of us from then on,
 * jail_unit_close included, it does not stay behind. */
int jail_unit_start(struct jail_unit *in, const struct run_options *o, const int stdio[3],
                    char *const *argv, struct err *e);

/* After a fault: when it says that the jail's bus is lost and the jail lives, reach it
 * again, and go on watching. Else -1, with the fault or what is behind it. */
int jail_unit_resume(struct jail_unit *in, struct err *e);

/* Wait until it is over, and return its exit status. Signals that we catch are
 * handed on to it. */
int jail_unit_wait(struct jail_unit *in, struct err *e);

/* The same with a pty connected to our terminals until then: `t` has the descriptors. Where
 * the user may leave, that is said, and 0; and a signal ends the session, with the status
 * that a shell gives to it. */
int jail_unit_run_terminal(struct jail_unit *in, struct terminal *t, struct err *e);

/* Run a command in a jail whose init is not systemd. `in` is what jail_unit_open left. */
int exec_as_guest(struct jail_unit *in, const struct exec_how *how, struct err *e);

/* Read passwd(5) in the jail (text/passwd.h). 1, 0 when there is no such user, -1. */
int passwd_read(const struct jail_unit *in, const char *user, struct passwd_line *line,
                struct err *e);

/* Whether it is a status that systemd gives to what it could not run. */
enum { DIAGNOSE_NO_USER = 217 };
bool diagnose_exec_status(int status);

/* Why the program was not run: a fault, or 127; or the status, when it was run after all and
 * this is its own. */
int diagnose_exec_tell(const struct jail_unit *in, int status, struct err *e);

/* Say that the jail has no such command, with what was meant, if it can be told. Returns the
 * exit status 127. */
int diagnose_no_command(const struct jail_unit *in, const char *program);

/* Start a service on a pty of the jail's, which is connected to our stdin and stdout until it
 * is over. The options are completed with the pty. `greet`: say how to leave. Returns its exit
 * status. */
int jail_unit_run_pty(struct jail_unit *in, struct engine *en, struct run_options *o,
                      char *const *argv, bool greet, struct err *e);

#endif
