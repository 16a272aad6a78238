/* Delete a jail: looked at, stopped, renamed out of the way, then removed
 *
 * Looking comes first, and what is in the way is told before anything is changed: what would
 * reach further than the jail, what cannot be removed, and who uses it. What is removed is what
 * was looked at: when something new is in it, or it is another jail, nothing is.
 *
 * The rename is what makes it go; an interrupted removal is finished by the next create or
 * remove. A jail that is a ZFS dataset goes with its snapshots and with the datasets below it.
 */
#ifndef OPS_REMOVE_H
#define OPS_REMOVE_H

#include "lib/store/removal.h"

struct engine;
struct err;
struct jail;

/* ERR_BUSY or ERR_HOST, with names and the next step, when it is not to be removed as it is. */
int op_remove_look(struct engine *en, struct jail *j, struct removal *r, struct err *e);

/* Remove what was looked at. ERR_BUSY when something is new. `timeout` is that of struct stop_how. */
int op_remove(struct engine *en, struct jail *j, const struct removal *shown, long timeout, struct err *e);

/* A jail that is gone, but of which an interrupted removal has left something: 1 when that is
 * gone, too; 0 when there is nothing. */
int op_remove_rest(struct engine *en, const char *name, struct err *e);

#endif
