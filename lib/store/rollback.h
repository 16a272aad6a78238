/* Give a jail the files of a snapshot again, or new ones
 *
 * The files are copied or made beside those of the jail, with shared blocks where that is
 * possible, and then exchanged with them. All snapshots stay, and what is rolled away becomes
 * one, too: of a dataset before anything is changed, of a directory by moving it to the other
 * snapshots. Or it is given up: of a dataset with the rollback of ZFS, which is immediate, and
 * destroys newer snapshots; but not if there are datasets below that of the jail, which ZFS
 * cannot roll back together. These are copied with it (rollback_impl.h).
 *
 *	JAIL/.rollback/			what will be exchanged, and then what was rolled away
 *		config, rootfs/
 *		before			the config from before
 *		moves			directories of the old root file system that
 *					move into the new one
 *		swap			it is complete: from now on the rollback is
 *					finished, not taken back
 *	JAIL/.rollback-files/		of a dataset: a clone of the snapshot, to copy from
 *
 * A kill leaves the old files or the new ones; rollback_finish finishes the work. The caller
 * holds the lock of the jail, which does not run.
 */
#ifndef STORE_ROLLBACK_H
#define STORE_ROLLBACK_H

#include <stdbool.h>

#include "lib/store/snapshot.h"

struct err;
struct zfs_below;

struct rollback {
	const char *label;
	const char *kept;	/* the label of what is rolled away; set if it is kept */
	bool discard;		/* keep nothing of what is rolled away */
	bool discard_newer;	/* of a dataset: destroy newer snapshots, too */
	/* For an update, instead of a label: make `rootfs` and the config in the open
	 * directory `work`. */
	int (*fill)(void *arg, int work, struct err *e);
	void *arg;
	/* With `fill`, or NULL: the absolute paths of directories of the old root file system
	 * that are to be in the new one, at the place of what is there; ends with NULL. Of a
	 * dataset they move there when the files are exchanged, as the snapshot has them, too;
	 * of a directory they are copied. One that does not exist is passed over. What would
	 * mix them is refused: two that are one directory, or one inside the other, in one of
	 * the root file systems and not in the other. */
	char *const *keep;
	const struct zfs_below *below;	/* datasets in it, set by rollback_check; NULL: none */
};

/* Whether a rollback of the jail, whose directory is open, was interrupted. */
bool rollback_is_begun(int jail);

/* Finish or take back what a killed run has left. */
int rollback_finish(const struct snapshots *s, struct err *e);

/* ERR_MISSING if there is no such snapshot, ERR_BUSY if newer ones would be destroyed and that
 * is not wanted, ERR_INPUT if a dataset below the jail's own is not mounted, has no such
 * snapshot, or is newer, or if what is to be kept is not a directory. */
int rollback_check(const struct snapshots *s, struct rollback *r, struct err *e);

int rollback_jail(const struct snapshots *s, struct rollback *r, struct err *e);

#endif
