/* The snapshots that snapshot_keep= of a config wants: made when due, deleted when over
 *
 * Only what jlmkr made of itself is counted and deleted: by this, before a change
 * (auto_snapshot=1), and by rollback. Of a standby none is made. What the user asked for, what
 * other programs or commands made, and what has holds or clones stays. Nothing is deleted
 * without words in snapshot_keep=, and with them at least one snapshot stays.
 */
#ifndef OPS_RETAIN_H
#define OPS_RETAIN_H

#include <stdbool.h>

#include "lib/base/str.h"

struct engine;
struct err;
struct jail;

struct retain {
	bool copy;		/* of struct snapshot_how */
	bool dry_run;		/* change nothing */
	const char *made;	/* the label of what was made, or would be; NULL: none is due */
	struct words deleted;	/* labels, the oldest first */
};

/* 1: the config has no snapshot_keep=. If none can be made, what is over is deleted all the
 * same: a full disk is why. */
int op_retain(struct engine *en, struct jail *j, struct retain *r, struct err *e);

#endif
