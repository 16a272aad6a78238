/* Functions and types that only the files of lib/image share */
#ifndef IMAGE_IMPL_H
#define IMAGE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/image/fetch.h"

struct arena;
struct openpgp_data;
struct stat;

/* A file to fetch. */
struct remote {
	const struct url *url;
	const struct image_build *build;	/* size 0, sha256 NULL: unknown */
	const struct image_pick *keep;		/* NULL: do not keep the whole file */
	bool pinned;
	const char *accept, *authorization;	/* as in struct http_request */
};

/* Pass a file to the sink: first the bytes in the cache, then those from the server. The bytes
 * are kept for the next time, unless the hash is unknown. `*refused`: it is the right file, but
 * the sink refuses it, so no other copy would help. */
int transfer(struct image_source *s, const struct remote *f, const struct image_sink *sink,
             bool *refused, struct err *e);

/* Check the signature of a list of images, which came from `path` on the source's server. No
 * signature is a fault only if one is required. ERR_UNTRUSTED if it is wrong, or by another
 * key than the server's. `*again`: it may help to fetch both again. Reports what was found,
 * unless the source was told of that server; the key and the date are in the source then. */
int list_check(struct image_source *s, const char *path, const struct openpgp_data *list,
               bool *again, struct err *e);

/* The file at a path of a list: relative to the server, or a URL of its own. */
int list_url(const struct image_source *s, struct arena *m, const char *path, struct url *u,
             struct err *e);

/* Remember the date of the last list in the cache, if it was signed and is the newest. */
void list_remember(const struct image_source *s);

/* Of images.linuxcontainers.org, armored. */
extern const char image_server_key[];

/* -- the files of the cache -- */

#define FOLDER "images"		/* in the jailmaker directory */
#define WHOLE_TAR ".tar.xz"
#define WHOLE_SQUASHFS ".squashfs"
#define WHOLE_PART ".blob"
#define HALF ".part"
#define ABOUT ".json"
#define NOTE ".oci"

/* -- blobs of images in layers -- */

/* The file of a part is complete and right: make it a whole one. */
void cache_keep_part(const struct image_cache *c, const struct image_build *b,
                     struct cached *k);

/* Keep a manifest that was read already. */
void cache_keep_text(const struct image_cache *c, const char *digest, const char *text,
                     size_t n);

/* Note the digests of all parts that a reference leads to, the first one first: before they
 * are fetched, so that nobody deletes those that are there; and when all are there, instead of
 * those before, of which those that no reference leads to any more are deleted. */
void cache_note_coming(const struct image_cache *c, const char *reference,
                       char *const *digests);
void cache_note_whole(const struct image_cache *c, const char *reference, char *const *digests);

/* The first digest that was noted for a whole reference; NULL if there is no note. */
const char *cache_noted(const struct image_cache *c, const char *reference);

/* -- registries -- */

/* The challenge of a registry (lib/net/challenge.h) and what the user's files have for it. */
struct login {
	const char *file;		/* that has it; NULL: none has */
	const char *basic;		/* for a header of HTTP; NULL: none */
	bool helper;			/* the file leaves the password to another program */
};

/* Look for the login of a repository, HOST/NAME, in the files of docker and podman. Fails if
 * one of them cannot be read. */
int login_find(struct arena *m, const char *host, const char *name, struct login *l,
               struct err *e);

/* -- lists of images -- */

struct json;

struct index_images {
	struct image_index x;
	size_t room, builds;
};

/* Add a product, with its builds, if it is one for containers. */
void index_add(struct arena *m, struct index_images *all, const struct json *product);

/* The kinds of items in a list of images that a root file system is in, alone. */
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

/* Replace a small file of ours. Gives up if another file has its name. */
void cache_write(const struct image_cache *c, const char *name, const char *sha256,
                 const char *text);

/* The SHA-256 in the file name `name`, if it is of that kind; else NULL. */
const char *cache_sha256(const struct image_cache *c, const char *name, const char *kind);

/* Remove partial files that are so old that no server has the build any more, except locked
 * ones, which are being fetched. */
void cache_drop_stale(const struct image_cache *c);

int cache_mark(const struct image_cache *c, int fd, const char *sha256, struct err *e);

/* Whether the `n` bytes at `s` are a name of a distribution, a release and the like, as honest
 * servers have them. */
bool image_is_name(const char *s, size_t n);

/* A hash in the form of the names in the cache. */
const char *lower_case(struct arena *m, const char *text);

#endif
