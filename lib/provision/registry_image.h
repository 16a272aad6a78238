/* An image of a registry, to be looked at and to be unpacked (layers.h)
 */
#ifndef PROVISION_REGISTRY_IMAGE_H
#define PROVISION_REGISTRY_IMAGE_H

#include <stdbool.h>

#include "lib/image/fetch.h"
#include "lib/text/oci.h"

struct err;
struct host;

struct registry_image {
	struct image_source source;
	struct oci_reference to;
	const char *reference;		/* in full */
	struct oci_image image;		/* its layers can be opened until it is closed */
};

/* Find the image that docker://... names now, for this machine; its layers are not fetched yet.
 * `offline`: from the cache only. All lives in h->m. */
int registry_image_open(struct host *h, const char *reference, bool offline,
                        struct registry_image *r, struct err *e);

/* Safe on a zeroed one. */
void registry_image_close(struct registry_image *r);

#define AUTOREGISTRY __attribute__((cleanup(registry_image_close))) struct registry_image

#endif
