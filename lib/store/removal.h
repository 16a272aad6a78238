/* A jail that is to go, as it was looked at
 *
 * Only what was looked at is removed. If something new is in it, or another jail has its name,
 * nothing is removed. Looking changes nothing.
 */
#ifndef STORE_REMOVAL_H
#define STORE_REMOVAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/survey.h"
#include "lib/disk/zfs_items.h"

struct arena;
struct err;
struct removal_ops;
struct store;

/* A jail to look at; all of it is the caller's. */
struct removal_place {
	const struct store *store;
	const char *name;
	int jail;			/* its directory, open */
	const char *path;		/* of that, as the kernel tells it */
	bool deep;			/* look at each file of a directory */
	struct mounts t;
};

struct removal {
	const struct removal_ops *ops;	/* what the jail is, whatever its store is */
	const char *name;
	const char *dataset;		/* NULL: a directory */
	struct words children;		/* datasets below it */
	struct words snapshots;		/* of all of these */
	struct words volumes;		/* subvolumes of btrfs in it */

	/* the caller's */
	bool asked;			/* the user has confirmed this */
	const char *link;		/* the text of the link that the jail is; NULL: it is none */
	const char *target;		/* the directory that it leads to; NULL: nowhere, or no link */
	const char *linked_rootfs;	/* where a link in the place of the rootfs leads; stays */

	struct zfs_items items;		/* the dataset and all of the above */
	struct survey survey;
	int dir;			/* the directory, kept open: its number stays its own; or -1 */
	dev_t dev;
	ino_t ino;
};

#define AUTOREMOVAL __attribute__((cleanup(removal_close))) struct removal

/* See what the jail is: a dataset or a directory. */
void removal_begin(const struct removal_place *p, struct removal *r);

/* Is the mount a part of the jail, and goes with it? */
bool removal_has_mount(const struct removal *r, const struct mount *mnt);

/* List what is in it. ERR_BUSY or ERR_HOST, with names and the next step, if what would go is
 * needed elsewhere, or cannot be removed. */
int removal_look(const struct removal_place *p, struct removal *r, struct err *e);

/* ERR_BUSY if another jail than `shown` is there `now`, or something new is in it. What went by
 * itself meanwhile does not matter. */
int removal_check_same(struct arena *m, const struct removal *shown, const struct removal *now,
                       struct err *e);

/* ERR_BUSY: `what` is why what was looked at is not what is there; nothing was changed. */
int removal_changed(const struct removal *r, const char *what, struct err *e);

void removal_close(struct removal *r);

#endif
