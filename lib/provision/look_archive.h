/* Look at the user's own archive, and make nothing of it
 *
 * It is read to its end by a confined process (archive/found.h), after it has become a file
 * (archive_input_store).
 */
#ifndef PROVISION_LOOK_ARCHIVE_H
#define PROVISION_LOOK_ARCHIVE_H

#include <stdbool.h>

#include "lib/archive/unpack.h"

struct err;
struct host;
struct image_metadata;
struct install_source;
struct oci_image;

/* NULL: not known, or there is none. */
struct archive_look {
	const char *kind;	/* "tar in xz" */
	const char *layout;	/* "an image of Incus": where in it the root file system is */
	struct unpack_report report;
	const char *system;	/* "Debian GNU/Linux 12 (bookworm)" */
	const char *init;	/* the file name of the init: "systemd" */
	bool is_nixos, has_cloud_init;
	const struct image_metadata *metadata;
	const struct oci_image *image;	/* in layers, which cannot be opened */
};

/* Texts live in h->m. Faults are those of install_archive, as far as looking finds them. */
int archive_look(struct host *h, const struct install_source *source,
                 const struct unpack_limits *limits, struct archive_look *out, struct err *e);

#endif
