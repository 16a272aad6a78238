/* Unpack bytes as they arrive into a new root file system
 *
 * The caller passes the bytes of an archive to unpack_sink_take; the first of them create the
 * directory `rootfs` of the new jail. Or it passes the whole file to unpack_sink_file. The
 * caller must call unpack_sink_drop at the end, whatever happened; after unpack_sink_finish
 * it does nothing.
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
	/* The caller sets work, name, limits and unpacked, and zeroes the rest. */
	struct staging *work;
	const char *name;	/* of the archive, if it is not an image of a list */
	const char *doing;	/* for the progress line */
	struct unpack_limits limits;
	struct image_store *unpacked;	/* keeps images for the next time; NULL: keep nothing */
	const char *sha256;	/* of the image, if it may be kept there */
	bool begun, cloned;
	int dir;		/* `rootfs` is in it, once it has begun */
	struct unpack unpack;
};

/* For struct image_sink. */
bool unpack_sink_have(void *r, const struct image_pick *what);
void unpack_sink_begin(void *r, const struct image_pick *what, uint64_t have, uint64_t total);
int unpack_sink_take(void *r, const void *data, size_t n, struct err *e);
bool unpack_sink_wants_file(void *r, const void *head, size_t n);
int unpack_sink_file(void *r, int fd, struct err *e);
int unpack_sink_restart(void *r, struct err *e);
void unpack_sink_progress(void *r, uint64_t done, uint64_t total);

/* All bytes have arrived: wait for the child, and keep the image if that was asked for. */
int unpack_sink_finish(struct unpack_sink *r, struct err *e);
void unpack_sink_drop(struct unpack_sink *r);

/* Make the empty directory `rootfs` in the open directory `dir`, and open it. */
int unpack_make_rootfs(int dir, struct err *e);

/* Messages about what was unpacked. */
void unpack_sink_tell(const struct unpack_report *r);

#endif
