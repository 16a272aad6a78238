/* Fetch images from a server or from the cache, and verify them meanwhile
 *
 * The list of images is trusted because of the server's certificate and, if it has one, of its
 * signature (signature.c), an image because of its size and SHA-256 in that list. The sink gets
 * bytes that are not verified yet:
 * only if image_fetch returns 0 was it the right file. After ERR_UNTRUSTED the sink must
 * discard all that it made of the bytes.
 */
#ifndef IMAGE_FETCH_H
#define IMAGE_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/image/cache.h"
#include "lib/image/index.h"
#include "lib/image/pick.h"

struct arena;
struct http;
struct str;
struct url;

struct image_source {
	struct arena *m;
	const struct url *base;		/* the current server */
	size_t more;			/* how many others follow, to be tried if it fails */
	struct http *http;
	struct image_cache cache;	/* the caller opens it; closed with the source */
	bool offline;			/* use the cache only */
	/* The first fault of the last image_fetch_best, although another server or build, or
	 * the cache, helped. Kind 0: none. */
	struct err first;
	const char *trust;		/* for --verbose: how many authorities, from where */

	/* What the caller wants of signatures of lists. `keys`: files of the servers' keys,
	 * separated by blanks, each as HOST=/FILE, or /FILE for all but
	 * images.linuxcontainers.org; a server without one is expected to have that one's key.
	 * NULL: none. */
	const char *keys;
	bool require_signature;
	const char *signer;		/* the key that signed the last list; NULL: none did */
	int64_t signed_at;		/* when, in seconds since 1970 */
	const struct url *told;		/* the server whose signature was reported */
};

/* `servers` are https URLs separated by blanks: the base URLs of servers or mirrors (or, for
 * image_fetch_url, of the file itself). `cacert` is a CA bundle or NULL. The environment names
 * proxies. Does not connect yet. Close it with image_source_close, which is safe on a zeroed
 * one. */
int image_source_open(struct arena *m, const char *servers, const char *cacert,
                      struct image_source *s, struct err *e);
void image_source_close(struct image_source *s);

/* Fetch the list of images from the first server that works, with a note for each that fails.
 * A damaged list, or one that its signature does not match, is fetched once more, because
 * servers rewrite it in place. */
int image_index_fetch(struct image_source *s, struct arena *m, struct image_index *x,
                      struct err *e);

/* The receiver of an image. */
struct image_sink {
	/* Whether it has that image already; then nothing is fetched or read. May be NULL. */
	bool (*have)(void *arg, const struct image_pick *what);
	/* The transfer begins; `have` of `total` bytes (0: unknown) are in the cache. `what` is
	 * NULL for an archive that is in no list. May be NULL. */
	void (*begin)(void *arg, const struct image_pick *what, uint64_t have, uint64_t total);
	/* The next bytes. A failure ends the transfer and becomes its fault, except ERR_INPUT
	 * and ERR_UNTRUSTED: then the rest is read too, because the hash at the end decides
	 * whether the archive is bad or the copy was damaged. */
	int (*take)(void *arg, const void *data, size_t n, struct err *e);
	/* Whether an archive that begins with these bytes is wanted as a file. Then, and if
	 * the cache keeps it, `take` gets none of its bytes, and `file` gets the open file when
	 * it is complete and its hash is right; the descriptor is borrowed. Both may be NULL.
	 */
	bool (*wants_file)(void *arg, const void *head, size_t n);
	int (*file)(void *arg, int fd, struct err *e);
	/* Discard all bytes: the transfer begins anew. NULL: not supported. */
	int (*restart)(void *arg, struct err *e);
	/* Called as bytes come; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	/* A message for the user; the transfer continues. May be NULL. */
	void (*note)(void *arg, const char *text);
	void *arg;
};

/* Pass an image to the sink: the bytes in the cache first, then those from the server. A broken
 * connection is resumed while that brings more bytes, and the bytes are kept for the next time.
 * ERR_MISSING if the server no longer has the file. */
int image_fetch(struct image_source *s, const struct image_pick *what, bool pinned,
                const struct image_sink *sink, struct err *e);

/* Fetch the list, pick a build, and fetch it. If the server has deleted that build meanwhile,
 * or it does not match the list, fetch the list again, then try the next older builds, then the
 * next server. If all servers fail, use an image in the cache. Notes report each of these
 * steps, and s->first keeps the first fault. If nothing helps, the first fault is returned,
 * with the later ones and what was tried after it. `*got` lives in `m`. */
int image_fetch_best(struct image_source *s, struct arena *m, const struct image_want *want,
                     const struct image_sink *sink, struct image_pick *got, struct err *e);

/* Pass an archive that is in no list to the sink: an open file, which may be a pipe whose first
 * bytes, `head`, were read already, or the file at the source's URL. `sha256`, unless NULL,
 * must be its hash (ERR_USAGE if it is not a hash). With a hash, the bytes that came from a URL
 * before a fault are kept for the next time. */
int image_read(int fd, const struct str *head, const char *sha256,
               const struct image_sink *sink, struct err *e);
int image_fetch_url(struct image_source *s, const char *sha256, const struct image_sink *sink,
                    struct err *e);

#endif
