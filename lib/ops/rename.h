/* Give a jail another name: stopped, its host name changed, then renamed in one step
 *
 * The host name comes first, so that the same command, given again after a kill, finishes it.
 * If the rename is not possible, the host name gets its old value.
 */
#ifndef OPS_RENAME_H
#define OPS_RENAME_H

#include <stdbool.h>

struct engine;
struct err;
struct jail;

struct rename_how {
	const char *to;
	bool restart;		/* stop it if it runs, and start it under its new name */
	long timeout;		/* of struct stop_how */
};

/* ERR_BUSY if the jail runs, and is not to be restarted. The handle is that of the old name and
 * closed. */
int op_rename(struct engine *en, struct jail *j, const struct rename_how *how, struct err *e);

/* Whether `j` is only what a killed op_rename left of a jail that is named `to` by now. Removes
 * it. */
bool op_rename_is_done(struct engine *en, const struct jail *j, const char *to);

#endif
