/* Give a jail the files of a snapshot again: stopped, rolled back, started */
#ifndef OPS_ROLLBACK_H
#define OPS_ROLLBACK_H

#include <stdbool.h>

struct engine;
struct err;
struct jail;

struct rollback_how {
	const char *label;
	bool discard, discard_newer;	/* of struct rollback */
	bool stop;			/* stop it if it runs */
	long timeout;			/* of struct stop_how */
};

/* ERR_BUSY if it runs and is not to be stopped. `*kept`: the label of what was rolled away, or
 * NULL. */
int op_rollback(struct engine *en, struct jail *j, const struct rollback_how *how,
                const char **kept, struct err *e);

/* Finish one that was interrupted. The caller holds the lock of the jail, which must not
 * run. */
int op_rollback_finish(struct engine *en, struct jail *j, struct err *e);

/* The same, if there is one to finish and the jail does not run. */
int op_rollback_settle(struct engine *en, struct jail *j, struct err *e);

#endif
