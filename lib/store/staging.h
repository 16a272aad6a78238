/* Jails in the making, and what killed runs have left
 *
 * A jail is made in a hidden directory of jails/ (lib/store/hidden.h) and gets its name by
 * one rename in the end. When jails/ is a ZFS dataset, HOME/.create-NAME-ID is mounted over the
 * hidden directory before anything is put there, and renamed with it.
 */
#ifndef STORE_STAGING_H
#define STORE_STAGING_H

#include <stdbool.h>

#include "lib/store/hidden.h"
#include "lib/store/home.h"

struct err;

/* A jail in the making. */
struct work {
	const struct jails *jails;
	const char *name;
	struct hidden hidden;
	const char *dataset;	/* its own, or NULL */
	int dir;		/* where it is made; another one after work_own */
	int alone;		/* the lock of its name */
};

/* Remove what killed runs have left in jails/. What cannot be removed is warned of and
 * stays, and so is what looks like ours and is not. */
int work_sweep(const struct jails *j, struct err *e);

/* Make the hidden directory, and keep it from being swept until work_close. ERR_EXISTS when
 * there is such a jail, ERR_BUSY when it is being made. */
int work_begin(const struct jails *j, const char *name, struct work *w, struct err *e);

/* Before anything is put there: a dataset of its own when jails/ is one, a clone of the
 * snapshot `origin` unless that is NULL. */
int work_own(struct work *w, const char *origin, struct err *e);

/* Have it written to disk, and give it its name: the jail exists. */
int work_finish(struct work *w, struct err *e);

/* Take it back. */
void work_undo(struct work *w);

void work_close(struct work *w);

/* ERR_EXISTS when jails/ is a dataset that has one of that name, which is no jail as it is. */
int work_check_dataset(const struct jails *j, const char *name, struct err *e);

/* Whether a removal of that name has left something that work_sweep takes away. */
bool work_has_rest(const struct jails *j, const char *name);

#endif
