/* Images kept unpacked, to be cloned
 *
 *	IMAGES/SHA256		a dataset with `rootfs`, not mounted but while it is made
 *	IMAGES/SHA256@image	its snapshot: it is whole, and this is what is cloned
 *
 * IMAGES is the dataset that is mounted at DIR/images, in the pool of the jails. Where
 * jails are directories, and their files can share blocks with others, images are
 * directories too: lib/store/image_store_dir.h. Else nothing is kept, nor when DIR/images is not root's
 * alone (disk/owner.h). An image whose archive has left the cache goes when no jail is a
 * clone of it any more. All this is a matter of speed: when something of it fails, jails are
 * made as without it.
 *
 * Both have a mark in the user property jlmkr:kind (lib/disk/mark.h) from the moment when
 * they are made. A dataset without one is somebody's: it is neither cloned nor destroyed. So is
 * what somebody has added to one of ours, a snapshot, a child or a hold: it keeps the image.
 */
#ifndef STORE_IMAGE_STORE_H
#define STORE_IMAGE_STORE_H

#include <stdbool.h>

#include "lib/store/image_store_dir.h"
#include "lib/store/store.h"

struct arena;
struct err;
struct image_pruned;
struct staging;

struct image_store {
	struct store at;	/* DIR/images; without a dataset when none is kept there */
	struct image_dir shelf;	/* the directories */
	const char *dataset;	/* of the image in the making, NULL: none */
	const char *sha256;	/* of that */
	int dir;		/* it, mounted and locked */
	bool making;		/* image_store_begin has given a directory */
};

/* One that keeps nothing. */
#define IMAGE_STORE_NONE { .at = { .fd = -1 }, .dir = -1, .shelf = { .fd = -1, .dir = -1 } }

/* DIR/images is made, as a dataset when DIR is one and it is missing. */
void image_store_open(struct arena *m, const char *dir, const struct store *jails, struct image_store *u);

/* Give the work a clone of that image, or its `rootfs`: whether there is one. */
bool image_store_clone(struct image_store *u, const char *sha256, struct staging *work);

/* Begin to make that image: an open directory for its `rootfs`, which is u's; -1: it is to
 * be unpacked in the jail. */
int image_store_begin(struct image_store *u, const char *sha256);

/* It is whole: give the work a clone of it, or its `rootfs`. */
int image_store_finish(struct image_store *u, struct staging *work, struct err *e);

/* Take back what was begun and not finished. */
void image_store_drop(struct image_store *u);

void image_store_close(struct image_store *u);

/* Warn of each thing that has a name of ours and no mark. */
void image_store_tell(struct arena *m, const char *dir);

/* Delete all of ours that no jail depends on; what goes is noted. Adds to `*p`. */
int image_store_prune(struct arena *m, const char *dir, struct image_pruned *p, struct err *e);

#endif
