/* What each kind of image store does in its own way: datasets and directories. */
#ifndef STORE_IMAGE_STORE_IMPL_H
#define STORE_IMAGE_STORE_IMPL_H

#include "lib/store/image_store.h"

struct image_store_ops {
	/* Whether images can be kept for jails in that store, which is of the same kind. */
	bool (*open)(struct image_store *u, const struct store *jails);

	/* One image: image_store_clone, and so on. */
	bool (*clone)(struct image_store *u, const char *sha256, struct staging *work);
	int (*begin)(struct image_store *u, const char *sha256);
	int (*finish)(struct image_store *u, struct staging *work, struct err *e);
	/* Delete the unfinished image u->making, whose directory is closed. */
	void (*drop)(const struct image_store *u);

	/* All kept images, even if no more images would be kept there. */
	void (*tell)(struct image_store *u);
	int (*prune)(struct image_store *u, struct image_pruned *p, struct err *e);
};

extern const struct image_store_ops image_store_zfs, image_store_dir;

/* Is the archive of the image still in the cache? */
bool image_store_has_archive(const struct image_store *u, const char *sha256);

#endif
