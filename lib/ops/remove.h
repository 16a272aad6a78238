/* Delete a jail: stopped, renamed out of the way, then removed
 *
 * The rename is what makes it go; an interrupted removal is finished by the next
 * create or remove. A jail that is a ZFS dataset goes with its snapshots and with the
 * datasets below it. Refused, before anything is touched, is what would reach further: a
 * dataset whose own place is elsewhere, or that holds more than the jail, and what
 * something elsewhere was cloned from.
 */
#ifndef OPS_REMOVE_H
#define OPS_REMOVE_H

#include "lib/base/str.h"

struct engine;
struct err;

/* What would go with a jail besides its directory; of no dataset: nothing. */
struct removal {
	const char *dataset;
	struct words children;		/* datasets below it */
	struct words snapshots;		/* of all of these */
};

/* ERR_BUSY, with names and the next step, when it is not to be removed as it is. */
int op_remove_look(struct engine *en, const char *name, struct removal *r, struct err *e);

int op_remove(struct engine *en, const char *name, struct err *e);

/* A jail that is gone, but of which an interrupted removal has left something: 1 when that is
 * gone, too; 0 when there is nothing. */
int op_remove_rest(struct engine *en, const char *name, struct err *e);

#endif
