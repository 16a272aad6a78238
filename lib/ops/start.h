/* Start a jail: config, plan, hook files, unit */
#ifndef OPS_START_H
#define OPS_START_H

struct engine;
struct err;

/* Returns 0 when the jail is started, 1 when it ran already. */
int op_start(struct engine *en, const char *name, struct err *e);

#endif
