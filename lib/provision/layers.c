#include "lib/provision/layers.h"

#include <stdio.h>

#include "lib/archive/unpack.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/image/pick.h"
#include "lib/provision/unpack_sink.h"
#include "lib/text/oci.h"

int layers_check(const struct oci_image *image, struct err *e)
{
	const char *arch = image->config.arch;

	if (image_arch_runs(arch)) return 0;
	return fail(e, ERR_INPUT, "it is an image for %s, and this machine is %s",
	            *arch ? arch : "no machine that it names", image_arch());
}

static int unpack_layer(int file, const struct unpack_limits *limits, int rootfs,
                        struct unpack_report *r, struct err *e)
{
	struct unpack u = { 0 };
	int rc = unpack_begin_layer(&u, file, rootfs, limits, e);

	return rc < 0 ? -1 : unpack_end(&u, r, e);
}

static int check_diff_id(const struct oci_layer *layer, const struct unpack_report *r,
                         struct err *e)
{
	if (oci_is_digest(layer->diff_id) && sha256_same(layer->diff_id + 7, r->diff_id))
		return 0;
	return fail(e, ERR_UNTRUSTED, "its tar has the SHA-256 %s, and the image's config "
	            "says %s", r->diff_id, layer->diff_id);
}

static int install_layer(const struct oci_image *image, size_t i, struct unpack_limits *limits,
                         int rootfs, struct unpack_report *all, struct err *e)
{
	AUTOCLOSE int file = image->open_layer(image->arg, i, e);
	struct unpack_report r;
	char doing[64];

	if (file < 0 || check_signal(e) < 0) return -1;
	snprintf(doing, sizeof doing, "unpacking layer %zu of %zu", i + 1, image->layers_n);
	out_busy(doing);
	if (unpack_layer(file, limits, rootfs, &r, e) < 0) return -1;
	limits->used_bytes = r.used_bytes;
	limits->used_entries = r.used_entries;
	all->entries += r.entries;
	all->bytes += r.bytes;
	all->bare += r.bare;
	all->skipped += r.skipped;
	return check_diff_id(&image->layers[i], &r, e);
}

int layers_install(const struct oci_image *image, const struct unpack_limits *limits, int work,
                   struct err *e)
{
	AUTOCLOSE int rootfs = unpack_make_rootfs(work, e);
	struct unpack_limits left = *limits;
	struct unpack_report all = { 0 };
	int rc = rootfs < 0 ? -1 : 0;

	out_step("Unpacking %zu layer%s", image->layers_n, image->layers_n == 1 ? "" : "s");
	for (size_t i = 0; rc == 0 && i < image->layers_n; i++)
		if ((rc = install_layer(image, i, &left, rootfs, &all, e)) < 0)
			fail_in(e, "layer %zu of %zu", i + 1, image->layers_n);
	out_progress_end();
	if (rc == 0) unpack_sink_tell(&all);
	return rc;
}
