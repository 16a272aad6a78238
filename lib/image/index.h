/* Read the list of images of a server
 *
 * Reads a list of products (format "products:1.0") of a simplestreams server: images.json of
 * images.linuxcontainers.org and of servers that Incus makes, and what the cloud images of
 * Ubuntu have. See Incus' shared/simplestreams. A build is a root.tar.xz, a squashfs, or an
 * image in one file (incus_combined.tar.gz); a product with none of these (virtual machines
 * only) is left out.
 *
 * Products are named by their key, "distro:release:arch:variant", if its third part is their
 * architecture, and else by their fields, with the distribution in lower case.
 *
 * Entries with a name, path, hash or size that no honest server sends are left out and
 * counted, because names appear in tables and paths in URLs. One product is in memory at a
 * time, besides what the lists below keep of them.
 */
#ifndef IMAGE_INDEX_H
#define IMAGE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct index_reader;
struct words;

#define IMAGE_INDEX_MAX	((uint64_t)64 << 20)
#define IMAGE_STREAMS_MAX ((size_t)1 << 20)
#define IMAGE_SIZE_MAX	(UINT64_C(64) << 30)

struct image_build {
	const char *serial;	/* "20261122_05:24" */
	const char *path;	/* of the archive, relative to the server's URL, or a URL */
	const char *sha256;	/* in lower-case hexadecimal */
	uint64_t size;
	bool squashfs;		/* it is one, else a tar */
	bool part;		/* it is a layer, a manifest or a config (image/registry.h) */
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

/* Read a list as it arrives; several lists become one. The reader and the images live in `m`.
 * ERR_NETWORK if the text is not a list of images or is truncated: fetching it again may help.
 */
struct index_reader *image_index_begin(struct arena *m);
int image_index_feed(struct index_reader *r, const char *data, size_t n, struct err *e);

/* The list is over. `x` gets all images so far, and is borrowed until the next list. */
int image_index_end(struct index_reader *r, struct image_index *x, struct err *e);

/* Read a list that is there. */
int image_index_parse(struct arena *m, const char *text, size_t n, struct image_index *x,
                      struct err *e);

/* Read streams/v1/index.json: add to `paths` where the lists of images are. ERR_NETWORK if it
 * names none. */
int image_streams_parse(const char *text, size_t n, struct words *paths, struct err *e);

/* Sort the images into the order above. */
void image_index_sort(struct image_index *x);

#endif
