/* The description of an image by Incus: metadata.yaml, and the templates beside it
 *
 * Of the templates those are used that count when a container is made. Two have no effect:
 * /etc/hostname and /etc/hosts, which customize.h changes as for all images; those of
 * cloud-init's seed neither, which cloud.h makes. In the others, {{ container.name }} and
 * {{ instance.name }} become the name of the jail. One with anything else in braces is left
 * out, with a note: the language (Pongo2) is not read.
 */
#ifndef PROVISION_DESCRIPTION_H
#define PROVISION_DESCRIPTION_H

struct arena;
struct err;
struct image_metadata;

/* Read it from the open directory `dir`, which an archive was unpacked into; the texts of the
 * templates, too. Links are not followed. ERR_MISSING if there is no metadata.yaml. */
int description_read(struct arena *m, int dir, struct image_metadata *out, struct err *e);

/* ERR_INPUT if this machine cannot run what is described. */
int description_check(const struct image_metadata *d, struct err *e);

/* Write the templates into a root file system that nobody else uses. `e` must not be NULL. */
int description_apply(const struct image_metadata *d, int rootfs, const char *name,
                      struct err *e);

#endif
