/* Options of systemd-run, and what the caller adds, as the properties of a unit
 *
 * They become the a(sv) of StartTransientUnit, in systemd-run's order.
 */
#ifndef SYSTEMD_RUN_UNIT_H
#define SYSTEMD_RUN_UNIT_H

#include <stdbool.h>

struct err;
struct run_options;
struct wire;

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

/* Append the a(sv), opened and closed. Faults are ERR_INPUT. */
int run_unit_add(struct wire *w, const struct run_options *o, const struct run_unit *u,
                 struct err *e);

#endif
