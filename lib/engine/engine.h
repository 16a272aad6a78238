/* Who keeps a jail alive: systemd, today
 *
 * A jail runs as the transient unit jlmkr-NAME.service whose main process is
 * systemd-nspawn; machined knows it as the machine NAME. These are the verbs on a
 * running jail, with nothing of D-Bus in their interface: another engine would
 * stand behind the same functions.
 *
 * Somebody may also have started the jail by other means, as systemd-nspawn@NAME.service or by
 * hand: a machine of its name, under another unit, that has the jail's rootfs as its root
 * directory. It can be entered, stopped and shown; engine_foreign tells of it.
 *
 * A jail is its directory, so one that runs under the same name from another directory is
 * another jail: to start this one is ERR_BUSY then, and all other functions take it for one
 * that does not run. Of the handle only the name and the identity are used (jail_is): it may be
 * left.
 *
 * A struct engine is one connection to the system bus, made when first needed, and
 * made again when it is lost while we wait. Where no system bus is to be had, it is
 * one to systemd itself, which is said once.
 * What is read is kept in the arena given to engine_init. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct bus;
struct err;
struct host;
struct jail;
struct plan;
struct run_options;

struct engine {
	struct host *host;
	struct arena *m;
	struct bus *bus;
	bool bus_missed;	/* it was said that there is no system bus */
};

#define AUTOENGINE __attribute__((cleanup(engine_close)))

void engine_init(struct engine *en, struct host *h, struct arena *m);
void engine_close(struct engine *en);

/* Whether a jail runs; jail_runs says it of one, of -1 too. */
enum jail_state {
	JAIL_DEAD,		/* or not known */
	JAIL_OTHER,		/* another jail of that name runs */
	JAIL_STARTING,
	JAIL_UP,
	JAIL_STOPPING,
};

static inline bool jail_runs(int state)
{
	return state > JAIL_OTHER;
}

/* What systemd says, or -1. `*elsewhere`, unless NULL: the directory of the other jail, or
 * NULL. */
int engine_state(struct engine *en, const struct jail *j, const char **elsewhere,
                 struct err *e);

/* What files tell, without asking anybody: JAIL_UP or JAIL_OTHER if machined has written the
 * jail down and its init lives. A jail that is not written down may run all the same. */
enum jail_state engine_glance(struct engine *en, const struct jail *j, const char **elsewhere);

/* Whether a jail that is JAIL_UP shuts down. No question is asked of one that just runs. */
bool engine_is_ending(struct engine *en, const struct jail *j);

/* The other unit under which the jail runs, as machined has written it down; NULL if there is
 * none. */
const char *engine_foreign(struct engine *en, const struct jail *j);

/* ERR_BUSY if a jail runs under another name from the same root file system. systemd is asked
 * only if files say so. The caller holds the lock of the files (jail_lock_files). */
int engine_check_alone(struct engine *en, struct jail *j, struct err *e);

/* ERR_BUSY: another jail, in the directory `where`, runs under the name. */
int engine_fail_other(const struct jail *j, const char *where, struct err *e);

enum { ENGINE_STARTED, ENGINE_RAN, ENGINE_OTHERS };

/* Start what the plan says and wait until systemd calls it started: ENGINE_STARTED, or
 * ENGINE_RAN if the jail ran already. `watch`: its init may not be able to run, so its first
 * moments belong to the start; they end as soon as the init has a child. A failure tells the
 * unit's result, and its last log lines have been shown. The jail's lock, which the caller has
 * taken, is given up as soon as systemd has the unit: from then on whoever looks whether the
 * jail runs sees it.
 *
 * ENGINE_OTHERS: somebody else's start or stop of the jail is under way, which may take
 * minutes. Give the lock up, wait with engine_settle, and begin again: the config may be
 * another one by then. engine_settle also waits for a jail that shuts down; ERR_BUSY if that
 * takes too long. */
int engine_start(struct engine *en, struct jail *j, const struct plan *plan, bool watch,
                 struct err *e);
int engine_settle(struct engine *en, const struct jail *j, struct err *e);

/* Whether systemd would take what engine_start would send; asks for nothing to be done. -1 with
 * the option that it refuses and its line. 0 also if systemd cannot be asked. */
int engine_check_start(struct engine *en, const struct plan *plan, struct err *e);

/* What engine_start would send, on the system bus, as JSON: the unit, its properties
 * in their order as [name, signature, value], and nspawn's argv. Asks nobody. */
const char *engine_show_start(struct engine *en, const struct plan *plan, struct err *e);

enum { STOP_USUAL = -1 };

struct stop_how {
	bool now;		/* do not ask the jail, end it */
	long timeout; /* seconds to wait after asking, and again after systemd's own stop;
	               * STOP_USUAL: 90, or the unit's TimeoutStopSec= if that is longer */
};

/* Returns when the jail is gone: 0, or 1 when it did not run. One that reboots
 * meanwhile is stopped too. What is done after asking is said, and which other jail of that
 * name was left alone. */
int engine_stop(struct engine *en, const struct jail *j, const struct stop_how *how,
                struct err *e);

/* What is known of a jail that systemd knows. Strings are "" when not known. */
struct running {
	const char *name;
	const char *machine;		/* the other name under which it runs, because its
					 * directory was renamed meanwhile; or NULL */
	const char *state;		/* of its unit: active, activating, failed, ..., or
					 * "active (UNIT)" under another one */
	bool runs;
	const char *elsewhere; /* the directory of another jail, which is what runs; or NULL */
	const char **addresses;		/* NULL-ended, first the most useful */
};

/* All of them, sorted by name, `*n` of them, in two round trips: the units from systemd, their
 * addresses from machined, which are not known if it cannot be asked; a warning says so.
 * `jails`, sorted by name, are those of the jailmaker directory. */
struct running *engine_list(struct engine *en, const struct jail *jails, size_t jail_count,
                            size_t *n, struct err *e);

struct jail_status {
	const char *unit;
	const char *state, *sub;	/* of the unit: "active", "running" */
	bool known, runs;		/* known: systemd has a unit of it */
	const char *elsewhere;		/* as above; the unit is not this jail's then */
	int64_t since;			/* seconds since 1970; -1 and so on: not known */
	int64_t leader, tasks, memory, cpu_ns, restarts;
	const char *end;		/* how its last run ended; "" when well, or not known */
	const char **addresses;
};

int engine_status(struct engine *en, const struct jail *j, struct jail_status *s,
                  struct err *e);

struct exec_how {
	const char *user;	/* NULL: root */
	const char *cwd;	/* absolute, or "~"; NULL: the root directory */
	char *const *env;	/* NAME=VALUE, NULL-ended, over HOME, USER, LOGNAME and SHELL */
	bool tty;		/* on a terminal of the jail's own, when ours is one */
	char *const *argv;
	long boot_wait;		/* seconds to wait for a jail that is booting */
	const struct run_options *more;	/* what exec_how_read has read; or NULL */
};

/* Read the options of systemd-run at the beginning of `words`, which the Python tool handed on
 * to it. They count more than what `how` has already. Returns how many words they are, or -1:
 * ERR_USAGE names an option that a command in a jail cannot have. */
int exec_how_read(struct exec_how *how, struct arena *m, char *const *words, struct err *e);

/* Run a command inside with our stdin, stdout and stderr. Returns its exit status,
 * -1 when it was never started. */
int engine_exec(struct engine *en, const struct jail *j, const struct exec_how *how,
                struct err *e);

struct script_how {
	const char *path;	/* in the jail: a program, or a script that says what runs it */
	const char *what;	/* "initial_setup": for the description of its unit */
	int output;		/* a descriptor for what it prints; its input is empty */
	long network_wait;	/* seconds to wait for networking before; 0: not at all */
	long boot_wait;
};

/* Run a script inside as root, once networking is up: when that does not come to pass
 * it is said, and the script is run all the same. A signal that we catch stops the
 * script and is the fault ERR_INTERRUPTED. Returns its exit status, or -1. */
int engine_script(struct engine *en, const struct jail *j, const struct script_how *how,
                  struct err *e);

struct shell_how {
	const char *user;	/* NULL: root */
	char *const *env;	/* NAME=VALUE, NULL-ended */
	char *const *argv;	/* empty: the user's login shell */
	long boot_wait;
};

/* A session on a terminal of the jail's own. Returns its exit status, or -1. */
int engine_shell(struct engine *en, const struct jail *j, const struct shell_how *how,
                 struct err *e);

#endif
