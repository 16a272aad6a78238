/* Read the list of images of a server
 *
 * Reads streams/v1/images.json of a simplestreams server (format "products:1.0",
 * as published by images.linuxcontainers.org; see also Incus' shared/simplestreams). A
 * build is a root.tar.xz or, if there is none, a squashfs; a product with neither (virtual
 * machines only) is left out.
 * Entries with a name, path, hash or size that no honest server sends are left out and
 * counted, because names appear in tables and paths in URLs.
 */
#ifndef IMAGE_INDEX_H
#define IMAGE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

#define IMAGE_INDEX_MAX	((size_t)64 << 20)
#define IMAGE_SIZE_MAX	(UINT64_C(64) << 30)

struct image_build {
	const char *serial;	/* "20261122_05:24" */
	const char *path;	/* of the root archive, relative to the server's URL */
	const char *sha256;	/* in lower-case hexadecimal */
	uint64_t size;
	bool squashfs;		/* it is one, else a tar in xz */
};

struct image {
	const char *distro, *release, *arch, *variant;
	char **aliases;			/* "debian/12", ...; NULL-ended */
	struct image_build *builds;	/* at least one, the newest first */
	size_t n_builds;
};

struct image_index {
	struct image *images;	/* sorted by distro, release, variant, arch */
	size_t n;
	size_t skipped;		/* invalid products and builds */
};

/* Everything is copied into the arena. ERR_NETWORK if the text is not a list of images or is
 * truncated: fetching it again may help. */
int image_index_parse(struct arena *m, const char *text, size_t n, struct image_index *x,
                      struct err *e);

/* Sort the images into the order above. */
void image_index_sort(struct image_index *x);

#endif
