/* The cache: whole images for the next time, and partial ones to be continued
 *
 *	DIR/images/SHA256.part		the bytes that have come so far
 *	DIR/images/SHA256.tar.xz	a whole archive with the right hash,
 *	DIR/images/SHA256.squashfs	or one that is a squashfs image
 *	DIR/images/SHA256.json		its description: a list of images with this one, in
 *					the format of a server (lib/image/index.h)
 *	DIR/images/SHA256.blob		a layer, a manifest or a config of an image in layers
 *	DIR/images/SHA256.oci		what blobs a reference to such an image leads to; the
 *					hash is of the reference
 *	DIR/images/.signed-KEY		the date of a list of images (lib/image/signature.c)
 *
 * The hash of a file is checked again whenever it is used, while it is unpacked. So the
 * files need not be trusted or synced. The process that fetches a partial file has it
 * locked; others wait, and then find the whole one. Of each product the cache keeps the
 * newest build, and those that a user asked for by serial; the blobs of the image that each
 * reference last led to; partial files for a week.
 *
 * Only files with a mark (lib/disk/mark.h) are written to or deleted. A whole archive
 * without a mark, from an earlier version or from the user, is used if its hash is right,
 * and stays. Other files in the folder are ignored.
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

/* A zeroed one is closed and empty. */
struct image_cache {
	struct arena *m;
	const char *path;		/* DIR/images */
	int dir;			/* its descriptor + 1; 0: closed */
	const char *avoid;		/* SHA-256 of an archive whose damaged copy stays */
};

/* The result of a prune. */
struct image_pruned {
	uint64_t bytes;			/* freed, of files */
	unsigned clones;		/* images that stay because clones of them exist */
	unsigned failed;		/* others that stay; a warning told why */
};

/* Open the cache in the jailmaker directory `dir`. If DIR/images does not exist, it is created
 * (`make`), or else the cache is empty. ERR_UNTRUSTED if others than root may change it
 * (disk/owner.h), because its descriptions decide which image a file is. */
int image_cache_open(struct arena *m, const char *dir, bool make, struct image_cache *c,
                     struct err *e);
void image_cache_close(struct image_cache *c);

/* One archive in the cache; `fd` is at its begin. */
struct cached {
	int fd;				/* -1: none, and nothing can be kept */
	bool whole;
	bool ours;			/* it has a mark: delete it if it is damaged */
	uint64_t have;			/* bytes */
};

/* Find the archive of a build, whose size may be unknown (0). Waits while another process
 * fetches the same archive. If the cache cannot be used (the disk is full, or a file that is
 * not ours has the name), it warns and sets k->fd to -1. Returns -1 only for a caught
 * signal. */
int image_cache_find(const struct image_cache *c, const struct image_build *b,
                     struct cached *k, struct err *e);

/* Append bytes to a partial file. If that fails, the file is deleted, and k->fd is -1. */
void image_cache_append(const struct image_cache *c, const struct image_build *b,
                        struct cached *k, const void *data, size_t n);

/* The file is complete and its hash is right: make it a whole one. `pinned`: keep it also when
 * a newer build comes. */
void image_cache_keep(const struct image_cache *c, const struct image_pick *what, bool pinned,
                      struct cached *k);

/* Close the file; a partial one stays for the next time. */
void image_cache_release(struct cached *k);

/* The file does not have the hash in its name: delete and close it. If it is not ours, it
 * stays, with a warning, and the function returns false. */
bool image_cache_drop(const struct image_cache *c, const struct image_build *b,
                      struct cached *k);

/* List the whole images in the cache, in the form of a server's list. */
int image_cache_index(const struct image_cache *c, struct arena *m, struct image_index *x,
                      struct err *e);

/* Warn of each file that has a name like ours but no mark. */
void image_cache_tell(const struct image_cache *c);

/* Note each download that was interrupted, with its size. */
void image_cache_tell_halves(const struct image_cache *c);

/* Note each reference to an image in layers whose blobs are kept, with their size. Returns how
 * many there are. */
unsigned image_cache_tell_references(const struct image_cache *c);

/* Delete all files of ours, except those that are being fetched, with a note for each. Adds to
 * `*p`. */
int image_cache_prune(const struct image_cache *c, struct image_pruned *p, struct err *e);

#endif
