/* A root file system in the making, from bytes that come in
 *
 * Whoever has an archive hands its bytes to unpack_sink_take; the directory `rootfs` of the
 * jail in the making appears with the first of them. unpack_sink_drop must follow in the
 * end, whatever happened; after unpack_sink_finish it does nothing.
 */
#ifndef PROVISION_UNPACK_SINK_H
#define PROVISION_UNPACK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/archive/unpack.h"

struct err;
struct image_pick;
struct image_store;
struct staging;

struct unpack_sink {
	struct staging *work;	/* the caller sets this, `name` and `limits`, and zeroes the rest,
				 * but for `unpacked` */
	const char *name;	/* of the archive, when no list names it */
	const char *doing;	/* for the progress line */
	struct unpack_limits limits;
	struct image_store *unpacked;	/* where images are kept for the next time; NULL: not */
	const char *sha256;	/* of the image, when it is to be kept there */
	bool begun, cloned;
	int dir;		/* where `rootfs` is made, once it has begun */
	struct unpack unpack;
};

/* Fit for struct image_sink. */
bool unpack_sink_have(void *r, const struct image_pick *what);
void unpack_sink_begin(void *r, const struct image_pick *what, uint64_t have, uint64_t total);
int unpack_sink_take(void *r, const void *data, size_t n, struct err *e);
int unpack_sink_restart(void *r, struct err *e);
void unpack_sink_progress(void *r, uint64_t done, uint64_t total);

int unpack_sink_finish(struct unpack_sink *r, struct err *e);
void unpack_sink_drop(struct unpack_sink *r);

#endif
