/* The options of systemd-run that a config may contain
 *
 * Words as systemd-run would get them become a struct run_options, from which run_unit.h makes
 * a unit. Names may be shortened as long as they are clear (`--prop=`). Options that would make
 * something else than one service that we can follow to its end are refused: --scope, --user,
 * --machine, --pipe, timers and the like. --unit is ignored, with a warning. Options that only
 * change what systemd-run prints, or what it waits for, are ignored. Faults in the words are
 * listed with their lines.
 */
#ifndef SYSTEMD_RUN_OPTIONS_H
#define SYSTEMD_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/str.h"
#include "lib/text/faults.h"
#include "lib/text/split.h"

struct err;
struct run_row;

/* One option as it was given. */
struct run_option {
	const struct run_row *row;	/* of run_table.h */
	const char *name;		/* "property" for -p too; NULL: not understood */
	const char *value;		/* NULL: none */
	char *const *words;		/* as given; empty: it shares its word with the next */
	unsigned line;			/* of the config; 0: not from the config */
};

/* The effect of all options together. The caller may set fields that jlmkr itself needs. */
struct run_options {
	const char *description;	/* this and other texts: NULL when not given */
	bool collect;
	struct words properties;	/* NAME=TEXT, checked */
	bool send_sighup;
	const char *slice;		/* with .slice behind it */
	const char *slice_name;		/* of --slice, as it was given */
	const char *slice_parent;	/* of --slice-inherit: our own, without .slice */
	bool remain_after_exit;
	const char *service_type, *uid, *gid;
	bool nice_set;
	int nice;
	const char *working_directory;	/* absolute */
	struct words environment;	/* NAME=VALUE, each name once */
	int verbatim;			/* --expand-environment: 1 no, 0 yes, -1 not given */
	bool inside;			/* for a command in a jail: see run_options_lead */
	bool pty;			/* such a command is to have a terminal */
	struct run_option *v;		/* all options, in their order */
	size_t n, room;
	struct faults faults;		/* errors: not understood; warnings: ignored */
};

/* No options. */
void run_options_init(struct run_options *o, struct arena *m);

/* Parse `words`, whose list must end with NULL. Copies texts into `m`. */
void run_options_parse(struct run_options *o, struct arena *m, const struct split *words);

/* Parse the options at the beginning of `words`, for a command in a jail: up to the first word
 * that is not an option, or up to the first fault. Accepts only those that such a command can
 * have. Returns how many words they are; `words` ends with NULL. */
size_t run_options_lead(struct run_options *o, struct arena *m, char *const *words);

/* Add `--name=value`, or all options of `more`, whose memory is then shared. */
void run_options_put(struct run_options *o, const char *name, const char *value, unsigned line);
void run_options_append(struct run_options *o, const struct run_options *more);

/* Make `one` of a single option. */
void run_options_alone(struct run_options *one, struct arena *m,
                       const struct run_option *option);

/* Does the option assign to the property, or to its variant with "Ex" at the end?
 * run_options_set: does any of the options? */
bool run_option_sets(const struct run_option *option, const char *property);
bool run_options_set(const struct run_options *o, const char *property);

/* The text of the last assignment to the property, or NULL. */
const char *run_options_value(const struct run_options *o, const char *property);

/* Add NAME=VALUE to a list that contains each name once: it replaces an earlier value. */
void env_put(struct words *env, const char *assignment);

#endif
