/* What the image server has for this machine. */

#include "applets/applet.h"

#include <string.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/image/fetch.h"

static const char *const columns[] = { "DIST", "RELEASE", "ARCH", "VARIANT", "BUILD", NULL };

/* Not systemd, or known not to work as a jail. */
static const char *const hidden[] = {
	"alpine", "amazonlinux", "busybox", "devuan", "funtoo", "openwrt", "plamo", "voidlinux", NULL
};

static bool is_hidden(const char *distro)
{
	for (const char *const *d = hidden; *d; d++)
		if (str_eq(*d, distro)) return true;
	return false;
}

static int print_images(struct arena *m, const struct image_index *x, struct err *e)
{
	struct table t = { .m = m, .columns = columns };

	for (size_t i = 0; i < x->n; i++) {
		const struct image *img = &x->images[i];

		if (is_hidden(img->distro) || strcmp(img->arch, image_arch())) continue;
		table_add(&t, (const char *const[]){ img->distro, img->release, img->arch, img->variant,
		                                     img->builds[0].serial });
	}
	if (!t.n) return fail(e, ERR_MISSING, "the server has no images for %s", image_arch());
	return table_print(&t, e);
}

static int images_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	struct image_source s = { 0 };
	struct image_index x;
	int rc;

	(void)args;
	(void)operands;
	if (image_source_open(h->m, h->image_server, h->cacert, &s, e) < 0) return -1;
	out_verbose("%s", s.trust);
	rc = image_index_fetch(&s, h->m, &x, e);
	image_source_close(&s);
	return rc < 0 ? -1 : print_images(h->m, &x, e);
}

const struct applet images_applet = {
	.name = "images",
	.brief = "show what can be installed",
	.operands = "",
	.text = "The images of images.linuxcontainers.org, or of the server that the environment\n"
		"variable JLMKR_IMAGE_SERVER names, for the architecture of this machine.\n"
		"Distributions that are known not to work as jails are left out.\n",
	.max = 0,
	.run = images_run,
};
