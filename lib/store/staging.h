/* Jails that are being created, and leftovers of killed runs
 *
 * A jail is created in a hidden directory of jails/ (lib/store/hidden.h). One rename at the end
 * gives it its name. In a store of ZFS datasets, the dataset .create-NAME-ID is mounted over
 * the hidden directory before anything is written there; the rename of the dataset moves the
 * mount.
 */
#ifndef STORE_STAGING_H
#define STORE_STAGING_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/store/hidden.h"
#include "lib/store/store.h"

struct zfs_below;

/* A jail that is being created. */
struct staging {
	const struct store *jails;
	const char *name;
	struct hidden hidden;
	const struct zfs_below *below;	/* the caller's: datasets to clone with the origin; or
					 * NULL */
	size_t below_n;		/* how many of these are made */
	const char *dataset;	/* its own, or NULL */
	int dir;		/* open; staging_own may replace it by another one */
	int alone;		/* the lock of its name */
};

/* Delete what killed runs left in jails/. Warns about leftovers that cannot be deleted, and
 * about entries that only look like leftovers; both stay. */
int staging_sweep(const struct store *s, struct err *e);

/* Create the hidden directory, and protect it from sweeps until staging_close. ERR_EXISTS if
 * there is a jail of that name, ERR_BUSY if another command is creating it, for two seconds. On
 * failure there is nothing to close. */
int staging_begin(const struct store *s, const char *name, struct staging *w, struct err *e);

/* Must be called before anything is written there. Gives the jail a dataset of its own if
 * jails/ is one: a clone of the snapshot `origin`, with those in w->below, or an empty one if
 * that is NULL. */
int staging_own(struct staging *w, const char *origin, struct err *e);

/* Write it to disk and give it its name: from now on the jail exists. */
int staging_finish(struct staging *w, struct err *e);

/* Delete it again, after any of the above has failed. Warns if that fails. */
void staging_undo(struct staging *w);

void staging_close(struct staging *w);

/* Did the removal of a jail of that name leave files that staging_sweep deletes? */
bool staging_has_rest(const struct store *s, const char *name);

#endif
