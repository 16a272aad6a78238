/* An image from the server or the cache into a new root file system
 *
 * Fetched, hashed, kept in the cache and unpacked at the same time; what did not arrive
 * as the server's index promises is a fault, and what lies in the directory then is
 * worth nothing.
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
	bool offline;			/* the cache alone */
	bool no_clone;			/* a copy of its own, even where a clone would do */
	struct unpack_limits limits;
};

/* Make `rootfs` in `work`. Without `offline` what the server has counts, and the cache when
 * it is of no use. `*release`, in h->m, is the one that was taken. */
int install_image(struct host *h, const struct image_want *want, const struct install_how *how,
                  struct staging *work, const char **release, struct err *e);

/* What install_image would take, as things are now; nothing is fetched but the list, and
 * nothing is written. `*cached`: the list is that of the cache, because of `offline` or for
 * a reason that is noted. */
int install_find(struct host *h, struct arena *m, const struct image_want *want, bool offline,
                 struct image_pick *got, bool *cached, struct err *e);

/* All that there is to choose from: the server's list or, noted or asked for, the cache's. */
int install_index(struct host *h, struct arena *m, bool offline, struct image_index *x,
                  struct err *e);

#endif
