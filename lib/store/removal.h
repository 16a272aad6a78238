/* A jail that is about to be removed, as it was when the user saw it
 *
 * First the jail is listed, then exactly that is removed. If something new is in it, or another
 * jail has its name, nothing is removed. Listing changes nothing.
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

/* The jail to list. The caller owns all of it. */
struct removal_place {
	const struct store *store;
	const char *name;
	int jail;			/* its directory, open */
	const char *path;		/* of that directory, from the kernel */
	bool deep;			/* list each file of a directory */
	struct mounts t;
};

struct removal {
	const struct removal_ops *ops;	/* the kind of the jail, not of its store */
	const char *name;
	const char *dataset;		/* NULL: a directory */
	struct words children;		/* datasets below it */
	struct words snapshots;		/* of all of these; labels of those of a directory */
	struct words volumes;		/* subvolumes of btrfs in it */

	/* the caller's */
	bool asked;			/* the user has confirmed this */
	const char *link;		/* the text of the link that the jail is, or NULL */
	const char *target;		/* the directory that it leads to, or NULL */
	const char *linked_rootfs;	/* where the rootfs leads if it is a link; stays */

	struct zfs_items items;		/* the dataset and all of the above */
	struct survey survey;
	int dir;			/* the directory, open, so that no other one gets its
					 * inode number; -1: closed */
	dev_t dev;
	ino_t ino;
};

#define AUTOREMOVAL __attribute__((cleanup(removal_close))) struct removal

/* Find out whether the jail is a dataset or a directory. */
void removal_begin(const struct removal_place *p, struct removal *r);

/* Is the mount a part of the jail, so that it is removed with it? */
bool removal_has_mount(const struct removal *r, const struct mount *mnt);

/* List what is in the jail. ERR_BUSY or ERR_HOST, with names and the next step, if a part of it
 * is needed elsewhere or cannot be removed. */
int removal_look(const struct removal_place *p, struct removal *r, struct err *e);

/* ERR_BUSY if `now` is another jail than `shown`, or has something new in it. Parts that have
 * disappeared meanwhile do not matter. */
int removal_check_same(struct arena *m, const struct removal *shown, const struct removal *now,
                       struct err *e);

/* Always fails with ERR_BUSY: the jail changed since it was listed, `what` says how, and
 * nothing was removed. Returns -1. */
int removal_changed(const struct removal *r, const char *what, struct err *e);

void removal_close(struct removal *r);

#endif
