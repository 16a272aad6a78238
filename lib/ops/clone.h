/* A second jail from a jail or from a snapshot of one, with an identity of its own
 *
 * Of a dataset it is a ZFS clone (store/clone.h), which depends on the snapshot that it was
 * made from. Of a directory it is a copy that shares blocks; nothing depends on anything. A
 * full one is a copy of all files (ops/source.h). Both copies are made as create makes a jail:
 * under a hidden name, then renamed.
 */
#ifndef OPS_CLONE_H
#define OPS_CLONE_H

#include <stdbool.h>

struct engine;
struct err;
struct jail;

struct clone_how {
	const char *label;	/* NULL: as the jail is now */
	const char *to;		/* the name of the new jail */
	bool full;		/* copy all of its data */
};

int op_clone(struct engine *en, struct jail *j, const struct clone_how *how, struct err *e);

/* Turn the dependence of a clone round: what it was cloned from depends on it. 1: it depends on
 * nothing. */
int op_promote(struct engine *en, struct jail *j, struct err *e);

#endif
