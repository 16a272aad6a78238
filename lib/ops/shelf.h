/* Images kept unpacked where files can share blocks
 *
 *	DIR/images/unpacked/SHA256/rootfs	whole: jails are made as copies of it that
 *						share its blocks
 *	DIR/images/unpacked/.create-SHA256	in the making, locked by whoever makes it
 *
 * A copy holds a shared lock on what it copies, so that nobody deletes it meanwhile.
 */
#ifndef OPS_SHELF_H
#define OPS_SHELF_H

#include <stdbool.h>

struct arena;
struct err;

struct shelf {
	struct arena *m;
	int fd;			/* DIR/images/unpacked; -1: there is none */
	const char *making;	/* the SHA256 of what is in the making, NULL: nothing */
	int dir;		/* it, locked */
};

/* A shelf in `images` for jails in `jails`, both open directories, when their files can
 * share blocks, else with `fd` -1. */
void shelf_open(struct arena *m, int images, int jails, struct shelf *s);

/* One that exists, to be cleared. */
void shelf_look(struct arena *m, int images, struct shelf *s);

/* Make `to`/rootfs a copy of that image. ERR_MISSING when it is not there. */
int shelf_copy(const struct shelf *s, const char *sha256, int to, struct err *e);

/* An open directory for the image's `rootfs`, which is s's; -1: somebody else makes it. */
int shelf_begin(struct shelf *s, const char *sha256);

/* It is whole. */
int shelf_finish(struct shelf *s, struct err *e);

/* Take back what was begun and not finished. */
void shelf_drop(struct shelf *s);

/* Remove what `keep` does not want, and what killed runs have left. */
void shelf_clear(const struct shelf *s, bool (*keep)(const void *arg, const char *sha256),
                 const void *arg);

void shelf_close(struct shelf *s);

#endif
