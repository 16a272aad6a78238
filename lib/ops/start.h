/* Start a jail: config, plan, hook files, unit */
#ifndef OPS_START_H
#define OPS_START_H

#include <stdbool.h>

struct engine;
struct err;

/* Returns 0 when the jail is started, 1 when it ran already. */
int op_start(struct engine *en, const char *name, struct err *e);

/* Print what a start would do, and do nothing of it: no hook file is written, systemd
 * is not asked, and the jail may run. A command line of systemd-run for a shell, or
 * what would be sent as JSON. */
int op_start_show(struct engine *en, const char *name, bool json, struct err *e);

#endif
