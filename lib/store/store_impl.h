/* What each kind of store does in its own way
 *
 * There are two: ZFS datasets (store_zfs.c) and directories (store_dir.c). Names, locks, and the
 * order of the steps are the same for both: store.c and staging.c have them, and call these. So
 * the next thing that a store can do is a function here for each kind.
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

	/* A jail in the making, in the order of the calls. The hidden directory was just made:
	 * mark it. */
	int (*mark)(const struct hidden *h, int dir, struct err *e);
	/* staging_own, which is told more than once. */
	int (*own)(struct staging *w, const char *origin, struct err *e);
	/* Have what lies in it written to disk, before the store is locked. */
	int (*sync)(const struct staging *w, struct err *e);
	/* The one rename, for good. */
	int (*finish)(struct staging *w, struct err *e);
	/* Instead of that: remove it, however far it came. */
	int (*undo)(const struct staging *w, struct err *e);

	/* store_check_name */
	int (*check_name)(const struct store *s, const char *name, struct err *e);

	/* Add the names of all entries, ours or not. */
	int (*list)(const struct store *s, struct words *entries, struct err *e);
	/* Remove what a killed run has left under the hidden name, whose lock is held. Warns if it
	 * stays. */
	void (*sweep)(const struct store *s, const struct hidden *h);
};

/* In a store of datasets there are directories, too: what datasets are mounted on, and jails of
 * other tools. So what goes through all entries asks both, and the directories last. */
extern const struct store_ops store_zfs, store_dir;

/* Warn of a hidden name that has no mark of ours. */
void store_warn_unmarked(const char *what);

#endif
