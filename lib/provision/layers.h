/* An image in layers becomes a root file system
 *
 * Where the layers come from, an archive or a registry, is the matter of struct oci_image
 * (text/oci.h).
 */
#ifndef PROVISION_LAYERS_H
#define PROVISION_LAYERS_H

struct err;
struct oci_image;
struct unpack_limits;

/* ERR_INPUT if it is for machines of another kind. */
int layers_check(const struct oci_image *image, struct err *e);

/* Make the directory `rootfs` in the open directory `work`, and unpack all layers into it, the
 * lowest first. The limits are those of all of them together. ERR_UNTRUSTED if one is not what
 * the image's config names. */
int layers_install(const struct oci_image *image, const struct unpack_limits *limits, int work,
                   struct err *e);

#endif
