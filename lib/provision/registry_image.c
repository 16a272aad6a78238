#include "lib/provision/registry_image.h"

#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/image/pick.h"
#include "lib/image/registry.h"
#include "lib/provision/layers.h"

static int find(struct host *h, bool offline, struct registry_image *r, struct err *e)
{
	if (registry_open(h->m, &r->to, h->cacert, &r->source, e) < 0) return -1;
	r->source.offline = offline;
	if (image_cache_open(h->m, h->dir, true, &r->source.cache, e) < 0) return -1;
	if (!offline) out_step("Asking %s for the image", r->to.host);
	if (registry_resolve(&r->source, &r->to, image_arch(), &r->image, e) < 0) return -1;
	return layers_check(&r->image, e);
}

int registry_image_open(struct host *h, const char *reference, bool offline,
                        struct registry_image *r, struct err *e)
{
	*r = (struct registry_image){ 0 };
	if (oci_reference_parse(h->m, reference, &r->to, e) < 0) return -1;
	r->reference = oci_reference_text(h->m, &r->to);
	return find(h, offline, r, e) < 0 ? fail_in(e, "image %s", r->reference) : 0;
}

void registry_image_close(struct registry_image *r)
{
	image_source_close(&r->source);
	*r = (struct registry_image){ 0 };
}
