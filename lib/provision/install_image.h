/* Unpack an image from the server or the cache into a new root file system
 *
 * The image is fetched, hashed, written to the cache and unpacked at the same time. If the
 * bytes differ from what the server's index promises, this fails, and the directory contains
 * rubbish.
 */
#ifndef PROVISION_INSTALL_IMAGE_H
#define PROVISION_INSTALL_IMAGE_H

#include <stdbool.h>

#include "lib/archive/unpack.h"

struct arena;
struct err;
struct host;
struct image_index;
struct image_pick;
struct image_want;
struct staging;

struct install_how {
	bool offline;			/* use the cache only */
	bool no_clone;			/* make a full copy, even if a clone is possible */
	struct unpack_limits limits;
};

/* Create `rootfs` in `work`. Without `offline` the server decides, and the cache if the server
 * does not answer. `*release`, in h->m, is the release of the image. */
int install_image(struct host *h, const struct image_want *want, const struct install_how *how,
                  struct staging *work, const char **release, struct err *e);

/* Which image install_image would take now. Fetches only the list, and writes nothing.
 * `*cached`: the list is that of the cache, because of `offline`, or because the server failed,
 * with a warning. */
int install_find(struct host *h, struct arena *m, const struct image_want *want, bool offline,
                 struct image_pick *got, bool *cached, struct err *e);

/* The list of the server h->image_server. Of the cache only the date of the newest list is
 * read. */
int install_server_index(struct host *h, struct arena *m, struct image_index *x, struct err *e);

/* All images to choose from: the server's list, or the cache's if `offline` or, with a warning,
 * if the server failed. */
int install_index(struct host *h, struct arena *m, bool offline, struct image_index *x,
                  struct err *e);

#endif
