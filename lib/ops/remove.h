/* Delete a jail: stopped, renamed out of the way, then removed
 *
 * The rename is what makes it go; an interrupted removal is finished by the next
 * create or remove. A jail that is a ZFS dataset goes with its snapshots and with the
 * datasets below it, but nothing that was cloned from it elsewhere does.
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

/* ERR_BUSY, with their names, when there are clones that depend on it. */
int op_remove_look(struct engine *en, const char *name, struct removal *r, struct err *e);

int op_remove(struct engine *en, const char *name, struct err *e);

#endif
