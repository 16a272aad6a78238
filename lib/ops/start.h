/* Start a jail: config, plan, hook files, unit, initial_setup */
#ifndef OPS_START_H
#define OPS_START_H

#include <stdbool.h>

struct engine;
struct err;
struct jail;

/* Returns 0 when the jail is started, 1 when it ran already. The first start runs the
 * config's initial_setup: when that fails the jail runs all the same. */
int op_start(struct engine *en, struct jail *j, struct err *e);

/* The same for the jail of that name: after a command that has changed what it has open. */
int op_start_named(struct engine *en, const char *name, struct err *e);

/* Whether a start could go as far as systemd: for a caller that stops the jail first. Tells
 * what is wrong with the jail, its config, or what that needs. Changes nothing. */
int op_start_check(struct engine *en, struct jail *j, struct err *e);

/* The same as op_start until it has booted, and without initial_setup. */
int op_start_booted(struct engine *en, struct jail *j, struct err *e);

/* Print what a start would do, and do nothing of it: no hook file is written, systemd
 * is not asked, and the jail may run. A command line of systemd-run for a shell, or
 * what would be sent as JSON. */
int op_start_show(struct engine *en, struct jail *j, bool json, struct err *e);

#endif
