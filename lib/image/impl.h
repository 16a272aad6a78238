/* What the files of lib/image share with each other */
#ifndef IMAGE_IMPL_H
#define IMAGE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/image/fetch.h"

/* A file as it is asked for. */
struct remote {
	const struct url *url;
	const struct image_build *build;	/* size 0, sha256 NULL: not known */
	const struct image_pick *keep;		/* what the cache calls it; NULL: it keeps no whole one */
	bool pinned;
};

/* The file from the cache as far as it goes, then from the server, to the sink. What came
 * in is kept for the next time, unless there is no hash to know it by. `*refused`: it is
 * the right file, and the sink does not want it; no other copy would help. */
int transfer(struct image_source *s, const struct remote *f, const struct image_sink *sink,
             bool *refused, struct err *e);

#endif
