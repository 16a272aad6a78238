/* What each kind of store does in its own way
 *
 * There are two kinds: ZFS datasets (store_zfs.c) and directories (store_dir.c). The names, the
 * locks and the order of the steps are the same for both; they are in store.c and staging.c, which
 * call these functions. A new thing that a store can do is a new function here, for each kind.
 */
#ifndef STORE_STORE_IMPL_H
#define STORE_STORE_IMPL_H

#include "lib/store/hidden.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

struct words;

struct store_ops {
	/* Make the store itself at `path`, as the dataset `name` if it is one. */
	int (*create)(struct arena *m, const char *name, const char *path, struct err *e);

	/* A jail in the making, in the order of the calls. Mark the hidden directory, which was
	 * just made. */
	int (*mark)(const struct hidden *h, int dir, struct err *e);
	/* staging_own. May be called again; then it does nothing. */
	int (*own)(struct staging *w, const char *origin, struct err *e);
	/* Write all that is in it to disk, before the store is locked. */
	int (*sync)(const struct staging *w, struct err *e);
	/* Give it its name, by one rename that a power cut does not undo. */
	int (*finish)(struct staging *w, struct err *e);
	/* Or remove it, whichever of the above has failed; w->dir is closed. */
	int (*undo)(const struct staging *w, struct err *e);

	/* store_check_name */
	int (*check_name)(const struct store *s, const char *name, struct err *e);

	/* Add the names of all entries, ours or not. */
	int (*list)(const struct store *s, struct words *entries, struct err *e);
	/* Remove what a killed run has left under the hidden name, whose lock is held. Warns if it
	 * stays. */
	void (*sweep)(const struct store *s, const struct hidden *h);
};

/* A store of datasets has directories, too: those that datasets are mounted on, and jails that
 * other tools made. Whoever goes through all entries asks both. */
extern const struct store_ops store_zfs, store_dir;

/* Warn of a hidden name that has no mark of ours. */
void store_warn_unmarked(const char *what);

#endif
