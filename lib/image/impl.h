/* What the files of lib/image share with each other */
#ifndef IMAGE_IMPL_H
#define IMAGE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/image/fetch.h"

struct arena;
struct stat;

/* A file as it is asked for. */
struct remote {
	const struct url *url;
	const struct image_build *build;	/* size 0, sha256 NULL: not known */
	const struct image_pick *keep;		/* its name in the cache; NULL: not kept whole */
	bool pinned;
};

/* The file from the cache as far as it goes, then from the server, to the sink. What came
 * in is kept for the next time, unless there is no hash to know it by. `*refused`: it is
 * the right file, and the sink does not want it; no other copy would help. */
int transfer(struct image_source *s, const struct remote *f, const struct image_sink *sink,
             bool *refused, struct err *e);

/* -- the files of the cache -- */

#define FOLDER "images"		/* in the jailmaker directory */
#define WHOLE ".tar.xz"
#define HALF ".part"
#define ABOUT ".json"

int cache_fd(const struct image_cache *c);

/* The name of an image's file of that kind. */
const char *cache_name(const struct image_cache *c, const char *sha256, const char *kind);

/* The file of that name, open, if it is ours; -1: it is missing, or (`*strange`) is not
 * ours. */
int cache_open_ours(const struct image_cache *c, const char *name, bool *strange);

/* Delete it if it is ours; one that is missing is a success. `*bytes` (may be NULL) grows by
 * what that freed. */
int cache_remove_ours(const struct image_cache *c, const char *name, uint64_t *bytes,
                      struct err *e);

/* A run that was killed may have made a file and not marked it: nothing is lost with one that
 * is empty. */
bool cache_is_blank(const struct stat *st);

int cache_mark(const struct image_cache *c, int fd, const char *sha256, struct err *e);

/* A hash as the cache names its files. */
const char *lower_case(struct arena *m, const char *text);

#endif
