/* The options of systemd-run that a config may carry
 *
 * Words as systemd-run would get them become a struct run_options, of which run_unit.h makes
 * a unit. Names may be shortened as long as they are clear (`--prop=`). Refused, because they
 * would make something else than one service whose end is ours to know: --scope, --user,
 * --machine, --pipe, timers and the like. --unit is ignored, with a warning. What only changes
 * what systemd-run prints, or what it waits for, is ignored. What is wrong with the words is a
 * list with their lines.
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
	const struct run_row *row;	/* for run_options.c only */
	const char *name;		/* "property" for -p too; NULL: it could not be read */
	const char *value;		/* NULL: none */
	char *const *words;		/* how it is written; none: with the option behind it, in one word */
	unsigned line;			/* of the config; 0: it is not from there */
};

/* What the options say together. Those that jlmkr needs for itself may be written into it. */
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
	struct words environment;	/* NAME=VALUE, one for each name */
	int verbatim;			/* --expand-environment: 1 no, 0 yes, -1 not given */
	struct run_option *v;		/* all that were given, in their order */
	size_t n, room;
	struct faults faults;		/* errors: could not be read; warnings: ignored */
};

/* Nothing was given. */
void run_options_init(struct run_options *o, struct arena *m);

/* What is said with `words`; its list must be NULL-ended. Texts are copied into `m`. */
void run_options_parse(struct run_options *o, struct arena *m, const struct split *words);

/* More of them: `--name=value`, and all of `more`, whose memory is shared. */
void run_options_put(struct run_options *o, const char *name, const char *value, unsigned line);
void run_options_append(struct run_options *o, const struct run_options *more);

/* What one says by itself. */
void run_options_alone(struct run_options *one, struct arena *m, const struct run_option *option);

/* Whether it assigns to the property, or to the one called like it with "Ex" behind; whether one
 * of all does. */
bool run_option_sets(const struct run_option *option, const char *property);
bool run_options_set(const struct run_options *o, const char *property);

/* The text of the last assignment to the property, or NULL. */
const char *run_options_value(const struct run_options *o, const char *property);

/* Add NAME=VALUE to a list that has each name once: a later one takes the earlier
 * one's place. */
void env_put(struct words *env, const char *assignment);

#endif
