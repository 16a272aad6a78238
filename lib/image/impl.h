/* Functions and types that only the files of lib/image share */
#ifndef IMAGE_IMPL_H
#define IMAGE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/image/fetch.h"

struct arena;
struct stat;

/* A file to fetch. */
struct remote {
	const struct url *url;
	const struct image_build *build;	/* size 0, sha256 NULL: unknown */
	const struct image_pick *keep;		/* NULL: do not keep the whole file */
	bool pinned;
};

/* Pass a file to the sink: first the bytes in the cache, then those from the server. The bytes
 * are kept for the next time, unless the hash is unknown. `*refused`: it is the right file, but
 * the sink refuses it, so no other copy would help. */
int transfer(struct image_source *s, const struct remote *f, const struct image_sink *sink,
             bool *refused, struct err *e);

/* Check the signature of a list of images, which came from `path` on the source's server. No
 * signature is a fault only if one is required. ERR_UNTRUSTED if it is wrong, or by another
 * key than the server's. `*again`: it may help to fetch both again. Reports once for each
 * server what was found; the key and the date are in the source then. */
int list_check(struct image_source *s, const char *path, const char *list, size_t n,
               bool *again, struct err *e);

/* Remember the date of the last list in the cache, if it was signed and is the newest. */
void list_remember(const struct image_source *s);

/* Of images.linuxcontainers.org, armored. */
extern const char image_server_key[];

/* -- the files of the cache -- */

#define FOLDER "images"		/* in the jailmaker directory */
#define WHOLE_TAR ".tar.xz"
#define WHOLE_SQUASHFS ".squashfs"
#define HALF ".part"
#define ABOUT ".json"

/* The kinds of items in a list of images that a root file system is in. */
#define ITEM_TAR "root.tar.xz"
#define ITEM_SQUASHFS "squashfs"

int cache_fd(const struct image_cache *c);

/* The name of an image's file of that kind. */
const char *cache_name(const struct image_cache *c, const char *sha256, const char *kind);

/* The name of a build's whole file. */
const char *cache_whole(const struct image_cache *c, const struct image_build *b);

/* Open the file of that name if it is ours. -1 if it does not exist, or (`*strange`) is not
 * ours. */
int cache_open_ours(const struct image_cache *c, const char *name, bool *strange);

/* Delete the file if it is ours. Returns 0 also if it does not exist. Adds the freed bytes to
 * `*bytes` (may be NULL). */
int cache_remove_ours(const struct image_cache *c, const char *name, uint64_t *bytes,
                      struct err *e);

/* Whether an unmarked file is empty: a killed run may have created it but not marked it, and it
 * may be used or deleted. */
bool cache_is_blank(const struct stat *st);

int cache_mark(const struct image_cache *c, int fd, const char *sha256, struct err *e);

/* A hash in the form of the names in the cache. */
const char *lower_case(struct arena *m, const char *text);

#endif
