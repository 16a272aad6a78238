/* How each kind of jail is listed and deleted
 *
 * A dataset (removal_zfs.c) or a directory (removal_dir.c), whatever the kind of the store that
 * it is in. The order of the steps is in trash.c.
 */
#ifndef STORE_REMOVAL_IMPL_H
#define STORE_REMOVAL_IMPL_H

#include "lib/store/hidden.h"
#include "lib/store/removal.h"
#include "lib/store/store.h"

/* A removal under way. */
struct trash {
	const struct store *store;
	const struct removal *r;
	struct hidden hidden;
	int all;			/* the lock of the store; -1: not held */

	/* of a dataset */
	const char *dataset;		/* under its hidden name */
	struct words apart;		/* datasets in it with places of their own */
	struct mounts before;
};

struct removal_ops {
	bool (*has_mount)(const struct removal *r, const struct mount *mnt);
	int (*look)(const struct removal_place *p, struct removal *r, struct err *e);
	int (*check_same)(struct arena *m, const struct removal *shown,
	                  const struct removal *now, struct err *e);

	/* These are called with the lock of the store held, and may release it. `hide` renames
	 * the jail to its hidden name. 1: done; 0: that is not possible, and it keeps its name;
	 * -1: do not remove it. */
	int (*hide)(struct trash *t, struct err *e);
	/* Delete the hidden jail. If that fails before any part is gone, it may get its name
	 * back. */
	int (*empty)(struct trash *t, struct err *e);
	/* Delete it under its own name. */
	int (*destroy)(struct trash *t, struct err *e);
};

extern const struct removal_ops removal_zfs, removal_dir;

/* Add to the fault that the jail is gone, and how to delete the rest of its files. Returns
 * -1. */
int trash_goes_on(const struct trash *t, struct err *e);

#endif
