/* How each kind of jail is looked at and deleted
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
	int (*check_same)(struct arena *m, const struct removal *shown, const struct removal *now,
	                  struct err *e);

	/* These begin with the lock of the store, and may give it up. One rename to the hidden
	 * name: 1; 0: it cannot be hidden and keeps its name; -1: it is not to be removed. */
	int (*hide)(struct trash *t, struct err *e);
	/* Delete what is hidden. Before a part is gone, a fault may give it its name back. */
	int (*empty)(struct trash *t, struct err *e);
	/* Delete it under its own name. */
	int (*destroy)(struct trash *t, struct err *e);
};

extern const struct removal_ops removal_zfs, removal_dir;

/* It is hidden and stays so: add to the fault that it is no jail any more, whatever comes. */
int trash_goes_on(const struct trash *t, struct err *e);

#endif
