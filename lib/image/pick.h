/* Pick the image and the build that a user asks for
 *
 * A release may be given by any name that the server has for it: "bookworm", "12", "24.04".
 * The newest release is the one with the highest number in its name or alias; if no release has
 * a number, there must be only one. If there is none, the fault is ERR_MISSING, and its message
 * lists what the server has instead.
 */
#ifndef IMAGE_PICK_H
#define IMAGE_PICK_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct image;
struct image_build;
struct image_index;

struct image_want {
	const char *distro;
	const char *release;	/* NULL or "": the current one, else the newest */
	const char *variant;	/* NULL: "default", else "systemd" */
	const char *arch;	/* NULL: this machine's */
	const char *serial;	/* NULL: the newest build */
};

struct image_pick {
	const struct image *image;		/* borrowed from the index */
	const struct image_build *build;
};

int image_pick(const struct image_index *x, const struct image_want *want,
               struct image_pick *out, struct err *e);

/* Returns false for distributions without systemd or that do not work as a jail. */
bool image_is_recommended(const char *distro);

/* Another name of the release, such as "12" for bookworm, or NULL. */
const char *image_release_alias(struct arena *m, const struct image *image);

/* The server's name for an architecture that the kernel calls `name`: "amd64" for x86_64.
 * Others stay as they are. */
const char *image_arch_of(const char *name);

/* The server's name for this machine's architecture; "unknown" if it has no images for it. */
const char *image_arch(void);

/* Whether this machine runs programs of that architecture: its own, or the 32-bit one of it. */
bool image_arch_runs(const char *arch);

#endif
