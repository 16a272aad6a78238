/* One command on one or several jails: `jlmkr stop web`, `jlmkr stop 'test-*'`, `--all`
 *
 * A single jail is handled in this process. Several are handled at the same time, each in a
 * process of its own, with a line for each jail and a sum at the end. If one fails, the others
 * continue.
 */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cli/applet.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/select.h"

struct batch {
	const void *args;		/* passed to work */

	/* Returns 0, 1 if there was nothing to do, or -1. The batch opens the jail and closes
	 * it afterwards. `by_name`: the jail is named, not just matched by a pattern. */
	int (*work)(struct engine *en, struct jail *j, bool by_name, const void *args,
	            struct err *e);
	const char *done;		/* "started": after the jail's name, and in the sum */
	const char *idle, *were_idle;	/* "runs already" and, in the sum, "ran already" */
	long jobs;			/* jails at a time */
};

/* The default number of jails at a time: waiting costs nothing. */
enum { BATCH_JOBS = 16 };

/* The jails that the operands name or match. ERR_USAGE if there are no operands and not `all`,
 * or both. NULL on failure. */
struct selected *batch_select(struct host *h, char *const *operands, bool all, size_t *n,
                              struct err *e);

/* Run the batch on the jails of the operands. Returns the exit status, or -1. */
int batch_run(struct host *h, const struct batch *what, char *const *operands, bool all,
              struct err *e);

struct batch_list {
	const struct selected *jails;
	size_t n;
	size_t in_turn;			/* the first: one after the other, beside the rest */
	size_t failed;			/* jails that have failed before, for the sum */
};

/* Run the batch on a list of jails. */
int batch_do(struct host *h, const struct batch *what, const struct batch_list *list,
             struct err *e);

#endif
