/* From a config to what systemd is asked to run
 *
 * A plan is plain data: options of systemd-run, words of systemd-nspawn and the hook files
 * that must lie ready. Making one touches nothing and looks at nothing; what has to
 * be known about the machine comes in as facts. Strings live in the arena.
 */
#ifndef JAIL_PLAN_H
#define JAIL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/str.h"
#include "lib/jail/conf.h"
#include "lib/jail/conf_options.h"

struct command;

struct plan_facts {
	const char *dir;	/* the jail's directory, absolute */
	const char *nspawn;	/* systemd-nspawn, absolute */
	bool has_apparmor;	/* /sys/module/apparmor */
	bool has_dri, has_kfd;	/* /dev/dri, /dev/kfd */
	char *const *nvidia;	/* arguments of nspawn for it; NULL: there is none */
	bool await_boot;	/* the start is to last until the jail has booted */
	const struct command *command;	/* what it runs instead of an init; or NULL */
};

/* A file beside the config: a hook script, to the byte what the Python tool writes, or the
 * numbers of the user that a command runs as. */
struct plan_file {
	const char *name, *text;
	mode_t mode;
};

/* Where a hook of the config stands among the options of systemd-run. */
struct plan_hook {
	const char *key, *property;	/* pre_start_hook, ExecStartPre */
	size_t option;
	unsigned line;
};

/* In the environment of a unit that runs a command instead of an init: systemd-nspawn does not
 * hand it on. */
#define PLAN_COMMAND "JLMKR_RUNS=command"

enum { PLAN_HOOKS = 3, PLAN_FILES = PLAN_HOOKS + 1 };

struct plan {
	const char *jail, *unit, *config;	/* config: its path, for faults */
	struct run_options run;		/* of systemd-run; line 0: not the user's */
	struct words argv;		/* systemd-nspawn and its arguments, verbatim */
	struct plan_file files[PLAN_FILES];
	size_t file_count;
	struct plan_hook hooks[PLAN_HOOKS];	/* each the last of its property */
	size_t hook_count;
	struct words notes;		/* what was decided that the user should know */
	const char *command;		/* the program that runs instead of an init; or NULL */
};

/* `o`: the options of `c`, all of which must have been read. */
int plan_make(struct arena *m, const char *jail, const struct conf *c,
              const struct conf_options *o, const struct plan_facts *facts, struct plan *p,
              struct err *e);

/* The plan as a command line for a shell, which makes the same unit: what PID 1 would
 * expand in an argument is doubled, as we send it. */
const char *plan_command(struct arena *m, const struct plan *p);

#endif
