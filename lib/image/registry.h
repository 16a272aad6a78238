/* Get images in layers from registries of OCI and Docker, and verify them
 *
 * A registry asks for a token first, which its token server gives to anybody, or to those who
 * log in: the user's login comes from the files that `docker login` and `podman login` write
 * (containers-auth.json(5)), and is sent to the registry and its token server only. Only https
 * is trusted.
 *
 * What a tag names is trusted because of the registry's certificate; all else because its
 * SHA-256 stands in what named it. Every blob goes through the cache: what is there is not
 * fetched again, and what came before a fault is continued.
 *
 * https://github.com/opencontainers/distribution-spec
 */
#ifndef IMAGE_REGISTRY_H
#define IMAGE_REGISTRY_H

#include <stdbool.h>

#include "lib/text/oci.h"

struct arena;
struct err;
struct image_source;

/* Prepare for requests to the reference's registry; as image_source_open. The caller opens the
 * cache in `s`, without which layers cannot be opened, and may set `offline`. */
int registry_open(struct arena *m, const struct oci_reference *r, const char *cacert,
                  struct image_source *s, struct err *e);

/* Find the image for an architecture, named as image_arch() does: its manifest and config are
 * fetched, or taken from the cache. With s->offline a tag is what it was when an image of it
 * was last fetched. `out` lives in the source's arena, and uses the source and the reference
 * until the source is closed. Faults do not name the reference.
 *
 * Its layers are fetched as they are opened, with progress. When the last one is open, the
 * cache forgets the blobs that the reference led to before. ERR_UNTRUSTED for a wrong hash or
 * size, ERR_MISSING if there is no such image. */
int registry_resolve(struct image_source *s, const struct oci_reference *r, const char *arch,
                     struct oci_image *out, struct err *e);

#endif
