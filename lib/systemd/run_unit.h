/* Options of systemd-run, and additions of the caller, as the properties of a unit
 *
 * They become the a(sv) of StartTransientUnit, in the order that systemd-run uses.
 */
#ifndef SYSTEMD_RUN_UNIT_H
#define SYSTEMD_RUN_UNIT_H

#include <stdbool.h>

struct err;
struct run_options;
struct wire;

/* Additions of the caller; NULL or false: nothing to add. */
struct run_unit {
	const char *description;	/* unless the options have one */
	bool on_broker;			/* hold a reference: needs a real bus */
	char *const *properties;	/* NAME=TEXT, after those of the options */
	void (*hooks)(struct wire *w, const void *arg);	/* appends more entries, after these */
	const void *hooks_arg;
	const char *working_directory;	/* unless the options have one */
	const int *stdio;		/* three descriptors */
	char *const *environment;	/* NAME=VALUE; the options override it */
	const char *path;		/* ExecStart; NULL: none */
	char *const *argv;
	bool trial;			/* TRIAL_PROPERTY at the end: see service.h */
	bool verbatim;			/* argv is not expanded, unless the options say so */
};

/* Append the whole a(sv). Faults are ERR_INPUT. */
int run_unit_add(struct wire *w, const struct run_options *o, const struct run_unit *u,
                 struct err *e);

#endif
