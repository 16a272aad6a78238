/* Images kept unpacked where files can share blocks
 *
 *	DIR/images/unpacked/SHA256/rootfs	whole: jails are made as copies of it that
 *						share its blocks
 *	DIR/images/unpacked/.create-SHA256	in the making, locked by whoever makes it
 *
 * The mark of such a directory (lib/disk/mark.h) says that it is whole, and how much is in it.
 * Each copy is counted: when it has less or something else, the directory is deleted, and the
 * image is unpacked again. A copy holds a shared lock on what it copies, so that nobody deletes it
 * meanwhile. What has no mark is neither copied nor deleted, whatever its name.
 */
#ifndef STORE_IMAGE_STORE_DIR_H
#define STORE_IMAGE_STORE_DIR_H

#include <stdbool.h>

struct arena;
struct err;

struct image_dir {
	struct arena *m;
	const char *path;	/* DIR/images/unpacked */
	int fd;			/* it; -1: there is none */
	const char *making;	/* the SHA256 of what is in the making, NULL: nothing */
	int dir;		/* it, locked */
};

/* A shelf in `images`, the open directory `path`, for jails in `jails`, when their files can
 * share blocks; else with `fd` -1. */
void image_dir_open(struct arena *m, const char *path, int images, int jails, struct image_dir *s);

/* One that exists, to be cleared. */
void image_dir_look(struct arena *m, const char *path, int images, struct image_dir *s);

/* Make `to`/rootfs a copy of that image. ERR_MISSING when it is not there. */
int image_dir_copy(const struct image_dir *s, const char *sha256, int to, struct err *e);

/* An open directory for the image's `rootfs`, which is s's; -1: somebody else makes it, or, with
 * a warning, something else has its name. */
int image_dir_begin(struct image_dir *s, const char *sha256);

/* It is whole: keep it, and make `to`/rootfs a copy of it. */
int image_dir_finish(struct image_dir *s, int to, struct err *e);

/* Take back what was begun and not finished. */
void image_dir_drop(struct image_dir *s);

/* Warn of each thing that has a name of ours and no mark. */
void image_dir_tell(const struct image_dir *s);

/* Delete the images that `keep` does not want, and what killed runs have left. With `failed`,
 * what goes is noted, and what could not be deleted is warned of and counted there. */
void image_dir_clear(const struct image_dir *s, bool (*keep)(const void *arg, const char *sha256),
                     const void *arg, unsigned *failed);

void image_dir_close(struct image_dir *s);

#endif
