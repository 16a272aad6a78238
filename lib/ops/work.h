/* Hidden directories in jails/, for jails that come or go
 *
 * A jail is made as .create-NAME and deleted as .remove-NAME. Whoever works in one
 * holds a lock on it; one that nobody holds was left by a run that was killed, and
 * is swept. The names belong to lib/jail/layout.h.
 */
#ifndef OPS_WORK_H
#define OPS_WORK_H

struct arena;
struct err;

/* Remove what killed runs left in the open directory `jails`. What cannot be
 * removed is warned of and stays. */
int work_sweep(struct arena *m, int jails, struct err *e);

/* Make jails/.create-NAME, locked as long as the descriptor returned is open.
 * ERR_EXISTS when there is such a jail, ERR_BUSY when it is being made. */
int work_begin(struct arena *m, int jails, const char *name, struct err *e);

/* Have it written to disk, and give it its name: the jail exists. */
int work_finish(struct arena *m, int jails, int work, const char *name, struct err *e);

/* Take it back. */
void work_undo(struct arena *m, int jails, const char *name);

/* Rename a jail out of the way, then delete it. */
int work_remove(struct arena *m, int jails, const char *name, struct err *e);

#endif
