/* Delete a jail: looked at, stopped, renamed out of the way, then removed
 *
 * Looking comes first, and what is in the way is told before anything is changed: what would
 * reach further than the jail, what cannot be removed, and who uses it. What is removed is what
 * was looked at: when something new is in it, or it is another jail, nothing is.
 *
 * The rename is what makes it go; an interrupted removal is finished by the next create or
 * remove. A jail that is a ZFS dataset goes with its snapshots and with the datasets below it.
 *
 * Of a jail that is a link the link goes, and what it leads to stays, unless that is wanted,
 * too
 * (`with_target`): then it has to be a whole jail, root's alone, that nobody else could
 * exchange, and outside of DIR/jails; it is deleted under its own name, before the link. What a
 * link in the place of the rootfs leads to always stays.
 */
#ifndef OPS_REMOVE_H
#define OPS_REMOVE_H

#include "lib/store/removal.h"

struct engine;
struct err;
struct jail;

/* ERR_BUSY or ERR_HOST, with names and the next step, if it cannot be removed as it is. */
int op_remove_look(struct engine *en, struct jail *j, bool with_target, struct removal *r,
                   struct err *e);

/* Remove what was looked at. ERR_BUSY if something is new. `timeout` is that of struct
 * stop_how. */
int op_remove(struct engine *en, struct jail *j, bool with_target, const struct removal *shown,
              long timeout, struct err *e);

/* Finish an interrupted removal of a jail that is gone: 1 if there was something left of it, 0
 * if there was not. */
int op_remove_rest(struct engine *en, const char *name, struct err *e);

#endif
