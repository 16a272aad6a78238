/* Jails in the making, and what killed runs have left
 *
 * A jail is made in a hidden directory of jails/ (lib/store/hidden.h) and gets its name by
 * one rename in the end. In a store of ZFS datasets the dataset .create-NAME-ID is mounted over
 * the hidden directory before anything is put there, and renamed with it.
 */
#ifndef STORE_STAGING_H
#define STORE_STAGING_H

#include <stdbool.h>

#include "lib/store/hidden.h"
#include "lib/store/store.h"

/* A jail in the making. */
struct staging {
	const struct store *jails;
	const char *name;
	struct hidden hidden;
	const char *dataset;	/* its own, or NULL */
	int dir;		/* where it is made; another one after staging_own */
	int alone;		/* the lock of its name */
};

/* Remove what killed runs have left in jails/. What cannot be removed is warned of and
 * stays, and so is what looks like ours and is not. */
int staging_sweep(const struct store *s, struct err *e);

/* Make the hidden directory, and keep it from being swept until staging_close. ERR_EXISTS when
 * there is such a jail, ERR_BUSY when it is being made. */
int staging_begin(const struct store *s, const char *name, struct staging *w, struct err *e);

/* Before anything is put there: a dataset of its own when jails/ is one, a clone of the
 * snapshot `origin` unless that is NULL. */
int staging_own(struct staging *w, const char *origin, struct err *e);

/* Have it written to disk, and give it its name: the jail exists. */
int staging_finish(struct staging *w, struct err *e);

/* Take it back. */
void staging_undo(struct staging *w);

void staging_close(struct staging *w);

/* Whether a removal of that name has left something that staging_sweep takes away. */
bool staging_has_rest(const struct store *s, const char *name);

#endif
