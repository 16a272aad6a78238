/* The options of systemd-run that a config may carry, and the unit they make
 *
 * Words as systemd-run would get them become a struct run_options; with what the
 * caller adds to it (struct run_unit) that becomes the a(sv) of StartTransientUnit,
 * in systemd-run's order. Names of options are taken whole: it accepts `--prop=`,
 * we do not. Refused, because they would make something else than one service whose
 * end is ours to know: --unit, --scope, --user, --machine, --pipe, timers and the
 * like. What only changes what it prints, or what it waits for, is passed over.
 *
 * Faults are ERR_INPUT.
 */
#ifndef SYSTEMD_RUN_OPTIONS_H
#define SYSTEMD_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/str.h"

struct err;
struct wire;

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
};

/* What was said with `words` (NULL-ended). Texts are copied into `m`. On a fault
 * `*bad` is the index of the word that is to blame. */
int run_options_parse(struct run_options *o, struct arena *m, char *const *words, size_t *bad,
                      struct err *e);

/* Add NAME=VALUE to a list that has each name once: a later one takes the earlier
 * one's place. */
void env_put(struct words *env, const char *assignment);

/* What the caller knows. NULL and false where there is nothing to add. */
struct run_unit {
	const char *description;	/* unless the options have one */
	bool on_broker;			/* hold a reference: only a real bus has them */
	char *const *properties;	/* NAME=TEXT, after those of the options */
	void (*hooks)(struct wire *w, const void *arg);	/* more entries, after these */
	const void *hooks_arg;
	const char *working_directory;	/* unless the options have one */
	const int *stdio;		/* three descriptors */
	char *const *environment;	/* NAME=VALUE, under those of the options */
	const char *path;		/* ExecStart; NULL: none */
	char *const *argv;
	bool trial;			/* TRIAL_PROPERTY at the end: see service1.h */
	bool verbatim;			/* unless the options say: argv arrives as it is */
};

/* Append the a(sv), opened and closed. */
int run_options_add(struct wire *w, const struct run_options *o, const struct run_unit *u,
                    struct err *e);

#endif
