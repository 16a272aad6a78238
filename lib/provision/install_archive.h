/* Unpack the user's own root archive into a new root file system
 *
 * The archive is a file, standard input or an https URL. Besides plain root archives (such as
 * `docker export` makes) these layouts are known that contain the root file system deeper down:
 * images of LXC and Incus with metadata.yaml beside rootfs/, backups of Incus with
 * backup/container/rootfs/, and exports of jails. An image of Incus may also be in two files: a
 * small archive with metadata.yaml, and the root archive. Images in layers (oci_archive.h) are
 * put together.
 */
#ifndef PROVISION_INSTALL_ARCHIVE_H
#define PROVISION_INSTALL_ARCHIVE_H

struct archive_input;
struct err;
struct host;
struct image_metadata;
struct oci_image;
struct unpack_limits;
struct staging;

/* Of the archive with metadata.yaml. */
extern const struct unpack_limits install_description_limits;

struct install_source {
	struct archive_input *in;
	const char *sha256;	/* NULL, or what it must be, else this fails: ERR_UNTRUSTED */
	const char *metadata;	/* the other file of the image, a path or a URL; NULL: none */
};

/* What an archive says of the root file system in it, in h->m; NULL: nothing. */
struct install_found {
	const struct image_metadata *metadata;
	const struct oci_image *image;		/* in layers, which cannot be opened any more */
};

/* Create `rootfs` in `work`. If the input has been looked at and is an export of a jail, its
 * manifest and its config must be right, too. */
int install_archive(struct host *h, const struct install_source *source,
                    const struct unpack_limits *limits, struct staging *work,
                    struct install_found *found, struct err *e);

#endif
