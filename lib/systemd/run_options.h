/* The options of systemd-run that a config may carry
 *
 * Words as systemd-run would get them become a struct run_options, of which run_unit.h makes
 * a unit. Names of options are taken whole: it accepts `--prop=`, we do not. Refused, because
 * they would make something else than one service whose end is ours to know: --unit, --scope,
 * --user, --machine, --pipe, timers and the like. What only changes what it prints, or what it
 * waits for, is passed over. What is wrong with the words is a list with their lines.
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
	bool remain_after_exit;
	const char *service_type, *uid, *gid;
	bool nice_set;
	int nice;
	const char *working_directory;	/* absolute */
	struct words environment;	/* NAME=VALUE, one for each name */
	int verbatim;			/* --expand-environment: 1 no, 0 yes, -1 not given */
	bool inside;			/* for a command in a jail: see run_options_lead */
	bool pty;			/* such a command is to have a terminal */
	struct run_option *v;		/* all that were given, in their order */
	size_t n, room;
	struct faults faults;		/* of those that could not be read */
};

/* Nothing was given. */
void run_options_init(struct run_options *o, struct arena *m);

/* What is said with `words`; its list must be NULL-ended. Texts are copied into `m`. */
void run_options_parse(struct run_options *o, struct arena *m, const struct split *words);

/* The options at the beginning of `words`, for a command in a jail: up to the first word that is none,
 * or up to the first fault. Only those that such a command can have are taken. Returns how many words
 * they are, NULL-ended as `words` is. */
size_t run_options_lead(struct run_options *o, struct arena *m, char *const *words);

/* More of them: `--name=value`, and all of `more`, whose memory is shared. */
void run_options_put(struct run_options *o, const char *name, const char *value, unsigned line);
void run_options_append(struct run_options *o, const struct run_options *more);

/* What one says by itself. */
void run_options_alone(struct run_options *one, struct arena *m, const struct run_option *option);

/* Whether it assigns to the property, or to the one called like it with "Ex" behind; whether one
 * of all does. */
bool run_option_sets(const struct run_option *option, const char *property);
bool run_options_set(const struct run_options *o, const char *property);

/* Add NAME=VALUE to a list that has each name once: a later one takes the earlier
 * one's place. */
void env_put(struct words *env, const char *assignment);

#endif
