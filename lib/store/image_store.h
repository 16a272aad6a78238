/* Images kept unpacked, so that the next jail is a clone or shares their blocks
 *
 * There are two kinds, as of jails: datasets, which are cloned (image_store_zfs.c), and
 * directories, where files can share blocks (image_store_dir.c). Images are kept only if
 * DIR/images is of the same kind as the jails, in the same pool, and can be changed by root
 * alone (disk/owner.h). An image whose archive is no longer in the cache is deleted once no
 * jail depends on it. Kept images only save time: if any of this fails, jails are made without
 * them.
 *
 * A kept image has a mark (lib/disk/mark.h) from the moment it is created. An image without one
 * belongs to somebody else: it is neither cloned nor deleted. If somebody added files to one of
 * ours, it is not deleted either.
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
	int shelf;			/* that directory, open; -1: closed */
	const char *making;		/* SHA-256 of the image being made; NULL: none */
	int dir;			/* its directory, locked */
};

/* A store that keeps nothing. */
#define IMAGE_STORE_NONE { .images = { .fd = -1 }, .shelf = -1, .dir = -1 }

/* Open DIR/images, and create it if it is missing: as a dataset if DIR is one. If images cannot
 * be kept for these jails, `u` keeps nothing. */
void image_store_open(struct arena *m, const char *dir, const struct store *jails,
                      struct image_store *u);

/* Make `work` a clone of the kept image, or copy its `rootfs` there. False: it is not kept, or
 * that failed. */
bool image_store_clone(struct image_store *u, const char *sha256, struct staging *work);

/* Begin to keep this image. Returns an open directory for its `rootfs`, owned by `u`; -1: the
 * image cannot be kept, and must be unpacked in the jail itself. */
int image_store_begin(struct image_store *u, const char *sha256);

/* The image is complete: make `work` a clone of it, or copy its `rootfs` there. */
int image_store_finish(struct image_store *u, struct staging *work, struct err *e);

/* Delete an image that was begun and not finished. */
void image_store_drop(struct image_store *u);

void image_store_close(struct image_store *u);

/* Warn about each entry that is named like a kept image and has no mark. */
void image_store_tell(struct arena *m, const char *dir);

/* Delete all kept images that no jail depends on, and note each. Adds to `*p`. */
int image_store_prune(struct arena *m, const char *dir, struct image_pruned *p, struct err *e);

#endif
