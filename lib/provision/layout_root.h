/* Where in an archive the root file system is, and its description
 */
#ifndef PROVISION_LAYOUT_ROOT_H
#define PROVISION_LAYOUT_ROOT_H

#include <stdbool.h>

struct arena;
struct err;
struct image_metadata;

/* If `rootfs` in the open directory `work` is an image in layers (oci_archive.h), and no root
 * file system, put it aside: it becomes the directory ROOT_LAYERS of `work`, and `*layers` the
 * open directory, else -1. */
#define ROOT_LAYERS ".layers"
int root_take_layers(int work, int *layers, struct err *e);

/* If `rootfs` in the open directory `work` is an image of Incus, that is, metadata.yaml beside
 * rootfs/, the inner directory takes its place. `*found`, in `m`, is its description; NULL: it
 * is no such image. */
int root_lift_image(struct arena *m, int work, const struct image_metadata **found,
                    struct err *e);

/* The same for any archive: find the root file system in it. ERR_INPUT if there is none. */
int root_lift(struct arena *m, int work, const struct image_metadata **found, struct err *e);

/* The same for an export of a jail. What was looked at before must be what was unpacked:
 * ERR_UNTRUSTED if its config is not this one. */
int root_lift_export(int work, const char *config, struct err *e);

/* ERR_INPUT: the archive has no root file system, but maybe something else that is known. */
int root_fail_absent(bool disk, bool metadata, struct err *e);

/* Read the description in the directory `name` of `work`, and delete that. */
int root_take_description(struct arena *m, int work, const char *name,
                          const struct image_metadata **found, struct err *e);

#endif
