/* What each kind of store does in its own way
 *
 * There are two kinds: ZFS datasets (store_zfs.c) and directories (store_dir.c). Names, locks
 * and the order of the steps are the same for both; store.c and staging.c have them, and call
 * these functions. A new operation is a new function here, for each kind.
 */
#ifndef STORE_STORE_IMPL_H
#define STORE_STORE_IMPL_H

#include "lib/store/hidden.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

struct words;
struct zfs_items;

struct store_ops {
	/* Create the store itself at `path`; if it is a dataset, as the dataset `name`. */
	int (*create)(struct arena *m, const char *name, const char *path, struct err *e);

	/* For a jail that is being created, in the order of the calls. Mark the hidden
	 * directory, which is new. */
	int (*mark)(const struct hidden *h, int dir, struct err *e);
	/* staging_own. A second call does nothing. */
	int (*own)(struct staging *w, const char *origin, struct err *e);
	/* Write all that is in it to disk, before the store is locked. */
	int (*sync)(const struct staging *w, struct err *e);
	/* Give it its name, by one rename that a power cut does not undo. */
	int (*finish)(struct staging *w, struct err *e);
	/* Or delete it, whichever of the above failed; w->dir is closed. */
	int (*undo)(const struct staging *w, struct err *e);

	/* store_check_name */
	int (*check_name)(const struct store *s, const char *name, struct err *e);

	/* Add the names of all entries, ours or not. */
	int (*list)(const struct store *s, struct words *entries, struct err *e);
	/* Delete what a killed run left under the hidden name, whose lock is held. Warns if it
	 * stays. */
	void (*sweep)(const struct store *s, const struct hidden *h);
};

/* A store of datasets also contains directories: mount points of datasets, and jails that other
 * tools created. To go through all entries, call `list` of both kinds. */
extern const struct store_ops store_zfs, store_dir;

/* Of datasets below one whose snapshot `origin` was cloned as `top`: clone that with the number
 * `i`. If it could not be mounted, it is destroyed again. `mark` as in disk/zfs.h. */
int store_clone_below(struct arena *m, const struct zfs_below *b, size_t i, const char *origin,
                      const char *top, const char *mark, struct err *e);

/* Whether an item of a clone is a clone, too: of the snapshot of the same label, and of the
 * dataset that is to the origin's what it is to the clone's. */
bool store_is_cloned_below(struct arena *m, const struct zfs_items *items, size_t i);

/* Fail: a dataset was made, but not mounted; an item is not for us to destroy. */
int store_fail_not_mounted(const char *dataset, struct err *e);
int store_fail_unasked(const struct zfs_items *items, size_t i, struct err *e);

/* Warn about an entry with a hidden name and without our mark. */
void store_warn_unmarked(const char *what);

#endif
