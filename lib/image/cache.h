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
 *
 * Only files with a mark (lib/disk/mark.h) are written to or deleted. A whole archive
 * without one, of an earlier version or of the user's, is used if its hash is right, and
 * stays. Whatever else is in the folder is nobody's business.
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
	const char *path;		/* DIR/images */
	int dir;			/* it, + 1 */
	const char *avoid;		/* SHA-256 of an archive whose copy is wrong, and stays */
};

/* What a prune has done. */
struct image_pruned {
	uint64_t bytes;			/* freed, of files */
	unsigned clones;		/* images that stay because something is a clone of them */
	unsigned failed;		/* others that could not be deleted; each was warned of */
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
	bool ours;			/* to be deleted when it is wrong */
	uint64_t have;			/* bytes */
};

/* Waits while somebody else fetches the same archive; a size of 0 is not known. A cache
 * that cannot be used, because the disk is full or something else has the name, is
 * warned of and is none; -1 is for signals. */
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

/* It is not what its name says: delete it, and let go of it. False, with a warning: it is
 * not ours, and stays. */
bool image_cache_drop(const struct image_cache *c, const struct image_build *b,
                      struct cached *k);

/* The whole images that there are, as if a server offered them. */
int image_cache_index(const struct image_cache *c, struct arena *m, struct image_index *x,
                      struct err *e);

/* Warn of each thing that has a name of ours and no mark. */
void image_cache_tell(const struct image_cache *c);

/* Note each download that was interrupted, with its size. */
void image_cache_tell_halves(const struct image_cache *c);

/* Delete everything of ours that nobody is fetching right now; what goes is noted. Adds to
 * `*p`. */
int image_cache_prune(const struct image_cache *c, struct image_pruned *p, struct err *e);

#endif
