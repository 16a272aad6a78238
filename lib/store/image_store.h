/* Images kept unpacked, so that the next jail is a clone or shares their blocks
 *
 * There are two kinds, as of jails: datasets, which are cloned (image_store_zfs.c), and
 * directories, where files can share blocks (image_store_dir.c). Images are kept only if DIR/images
 * is of the same kind as the jails, in the same pool, and root's alone (disk/owner.h). An image
 * whose archive has left the cache goes when no jail depends on it any more. All this is a matter
 * of speed: when something of it fails, jails are made as without it.
 *
 * What is kept has a mark (lib/disk/mark.h) from the moment when it is made. What has none is
 * somebody else's: it is neither cloned nor deleted. What somebody has added to one of ours keeps
 * the image.
 */
#ifndef STORE_IMAGE_STORE_H
#define STORE_IMAGE_STORE_H

#include <stdbool.h>

#include "lib/store/store.h"

struct arena;
struct err;
struct image_pruned;
struct image_store_ops;
struct staging;

struct image_store {
	const struct image_store_ops *ops;	/* NULL: nothing is kept */
	struct store images;		/* DIR/images */
	const char *shelf_path;		/* DIR/images/unpacked, where directories are kept */
	int shelf;			/* it; -1: closed */
	const char *making;		/* the SHA-256 of the image in the making, NULL: none */
	int dir;			/* its directory, locked */
};

/* One that keeps nothing. */
#define IMAGE_STORE_NONE { .images = { .fd = -1 }, .shelf = -1, .dir = -1 }

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
