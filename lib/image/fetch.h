/* Images from a server or from the cache, checked while they come
 *
 * The list of images is believed because of the server's certificate, an image
 * because of its size and SHA-256 in that list. What is handed on has not been
 * judged yet: only when image_fetch returns 0 it was the right file, and the
 * receiver must throw away what it made of it otherwise (ERR_UNTRUSTED).
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
struct url;

struct image_source {
	struct arena *m;
	const struct url *base;		/* the server that is asked now */
	size_t more;			/* others behind it, for when that is of no use */
	struct http *http;
	struct image_cache cache;	/* the caller opens it; closed with the source */
	bool offline;			/* ask nobody: the cache alone */
	/* The first fault of the last image_fetch_best, although another server or build, or the
	 * cache, helped. Kind 0: none. */
	struct err first;
	const char *trust;	/* for --verbose: how many authorities, from where */
};

/* `servers` are https URLs with blanks between, each with a path for mirrors (or, for
 * image_fetch_url, the file itself); `cacert` is a CA bundle or NULL. Proxies are taken from
 * the environment. Connects to nobody yet. Close it with image_source_close, which is safe
 * on a zeroed one. */
int image_source_open(struct arena *m, const char *servers, const char *cacert,
                      struct image_source *s, struct err *e);
void image_source_close(struct image_source *s);

/* The list of images, of the first server that gives one; those that do not are noted. One
 * that arrives damaged is asked for again, because servers write it in place. */
int image_index_fetch(struct image_source *s, struct arena *m, struct image_index *x,
                      struct err *e);

/* Where an image goes. */
struct image_sink {
	/* Whether the receiver has that image already: then nothing of it is fetched or read.
	 * May be NULL. */
	bool (*have)(void *arg, const struct image_pick *what);
	/* It begins, `have` of `total` bytes (0: not known) being in the cache. `what` is NULL
	 * for an archive that no list names. May be NULL. */
	void (*begin)(void *arg, const struct image_pick *what, uint64_t have, uint64_t total);
	/* The next bytes. A failure ends the transfer and is the one that is told, except
	 * ERR_INPUT and ERR_UNTRUSTED: whether those are the archive's fault or the server's
	 * is seen by the hash at its end. */
	int (*take)(void *arg, const void *data, size_t n, struct err *e);
	/* Forget all that came: it begins anew. NULL: that cannot be done. */
	int (*restart)(void *arg, struct err *e);
	/* Called as bytes come in; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	/* Something the user should know, though it goes on; may be NULL. */
	void (*note)(void *arg, const char *text);
	void *arg;
};

/* What the cache has comes from there. A connection that breaks is resumed where it
 * broke, as long as it helps, and what came is kept for the next time. When the server
 * no longer has the file: ERR_MISSING. */
int image_fetch(struct image_source *s, const struct image_pick *what, bool pinned,
                const struct image_sink *sink, struct err *e);

/* Fetch the list, pick, fetch. A build that the list names and the server has just
 * deleted, or that is not what the list promises, makes it look again, then take the
 * next older one; then the next server is asked. When none is of any use, what the cache
 * has is taken. All of that is noted, and s->first keeps the first fault. If nothing helps, the
 * first fault is returned, with the later ones and what was tried behind it. `*got` lives in
 * `m`. */
int image_fetch_best(struct image_source *s, struct arena *m, const struct image_want *want,
                     const struct image_sink *sink, struct image_pick *got, struct err *e);

/* Archives that no list names, judged by `sha256` (ERR_USAGE when it is none) unless that
 * is NULL: all of an open file, which may be a pipe, or what the source's URL names. With a
 * hash to know it by, what came of a URL before a fault is kept for the next time. */
int image_read(int fd, const char *sha256, const struct image_sink *sink, struct err *e);
int image_fetch_url(struct image_source *s, const char *sha256, const struct image_sink *sink,
                    struct err *e);

#endif
