/* Images kept on disk: whole ones for the next time, halves to go on with
 *
 *	DIR/images/SHA256.part		what has come in so far
 *	DIR/images/SHA256.tar.xz	a whole archive, its hash checked
 *	DIR/images/SHA256.json		what it is: a list of images with this one in it, in
 *					the form of a server's own (lib/image/index.h)
 *
 * A file counts for its hash, so nothing in here has to be believed or synced: who
 * uses one checks it again, at the speed of the pipe that it goes through. Half a file
 * is locked by the one who fetches it, others wait and find it whole. Of a product only
 * the newest build is kept, and those that were asked for by their serial; halves are
 * kept for a week.
 */
#ifndef IMAGE_CACHE_H
#define IMAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/image/index.h"
#include "lib/image/pick.h"

struct arena;
struct err;

/* A zeroed one is closed, and holds nothing. */
struct image_cache {
	struct arena *m;
	int dir;			/* of DIR/images, + 1 */
};

/* `dir` is the jailmaker directory; DIR/images is made when `make` is true, else
 * without one the cache is empty. One that is not root's alone (disk/owner.h) is
 * ERR_UNTRUSTED: its descriptions tell what an image is. */
int image_cache_open(struct arena *m, const char *dir, bool make, struct image_cache *c,
                     struct err *e);
void image_cache_close(struct image_cache *c);

/* What there is of one archive, read from its beginning. */
struct cached {
	int fd;				/* -1: nothing, and nothing can be kept */
	bool whole;
	uint64_t have;			/* bytes */
};

/* Waits while somebody else fetches the same archive; a size of 0 is not known. A cache that cannot be used
 * for some reason (a full disk) is none, that is no fault; -1 is for signals. */
int image_cache_find(const struct image_cache *c, const struct image_build *b,
                     struct cached *k, struct err *e);

/* Keep the next bytes behind those that there are. When that fails the file is given
 * up, and k->fd is -1. */
void image_cache_append(const struct image_cache *c, const struct image_build *b,
                        struct cached *k, const void *data, size_t n);

/* All of it is there and its hash is right: it is whole now. `pinned`: until pruned. */
void image_cache_keep(const struct image_cache *c, const struct image_pick *what, bool pinned,
                      struct cached *k);

/* Let go of it: halves stay for the next time. */
void image_cache_release(struct cached *k);

/* It is not what its name says. Also lets go of it. */
void image_cache_drop(const struct image_cache *c, const struct image_build *b,
                      struct cached *k);

/* The whole images that there are, as if a server offered them. */
int image_cache_index(const struct image_cache *c, struct arena *m, struct image_index *x,
                      struct err *e);

/* Remove everything that nobody is fetching right now. `*bytes` is what that freed. */
int image_cache_prune(const struct image_cache *c, uint64_t *bytes, struct err *e);

#endif
