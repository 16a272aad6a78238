/* One command on one jail or several: `jlmkr stop web`, `jlmkr stop 'test-*'`, `--all`
 *
 * One jail is done right here, as if there were no other way; several are done at
 * the same time, each in a process of its own, with a line for each and a sum at the
 * end. One that fails holds up no other.
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
	const void *args;		/* handed to work */

	/* Returns 0, 1 when there was nothing to do, or -1. The jail is there, and is closed
	 * afterwards. `by_name`: not just by a pattern. */
	int (*work)(struct engine *en, struct jail *j, bool by_name, const void *args,
	            struct err *e);
	const char *done;		/* "started": behind the jail's name, and in the sum */
	const char *idle, *were_idle;	/* "runs already" and, in the sum, "ran already" */
	long jobs;			/* how many at a time */
};

/* How many at a time unless somebody says so: what waits costs nothing. */
enum { BATCH_JOBS = 16 };

/* The jails that the operands mean. ERR_USAGE when there are none and not `all`, or
 * both. NULL with a fault. */
struct selected *batch_select(struct host *h, char *const *operands, bool all, size_t *n,
                              struct err *e);

/* On those. Returns the exit status, or -1. */
int batch_run(struct host *h, const struct batch *what, char *const *operands, bool all,
              struct err *e);

/* A list that is known. */
struct batch_list {
	const struct selected *jails;
	size_t n;
	size_t in_turn;			/* the first ones: one after the other, beside the rest */
	size_t failed;			/* that failed already, for the sum */
};

int batch_do(struct host *h, const struct batch *what, const struct batch_list *list, struct err *e);

#endif
