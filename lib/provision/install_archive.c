#include "lib/provision/install_archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/tree.h"
#include "lib/image/fetch.h"
#include "lib/provision/archive_input.h"
#include "lib/provision/layers.h"
#include "lib/provision/layout_root.h"
#include "lib/provision/oci_archive.h"
#include "lib/provision/unpack_sink.h"
#include "lib/store/staging.h"
#include "lib/text/oci.h"

#define DESCRIPTION ".description"

/* -- the other file of an image in two files -- */

const struct unpack_limits install_description_limits = {
	.bytes = 4 << 20, .entries = 1000, .no_devices = true, .fixed = true,
};

static int take_bytes(void *arg, const void *data, size_t n, struct err *e)
{
	return check_signal(e) < 0 ? -1 : unpack_feed(arg, data, n, e);
}

static int unpack_description(struct host *h, const char *from, int dir, struct err *e)
{
	AUTOARCHIVE in = NO_ARCHIVE;
	struct unpack u = { 0 };
	const struct image_sink sink = { .take = take_bytes, .arg = &u };
	int rc;

	if (archive_input_open(h->m, from, &in, e) < 0) return -1;
	rc = unpack_begin(&u, dir, &install_description_limits, e);
	if (rc == 0) rc = archive_input_read(h, &in, NULL, &sink, e);
	if (rc == 0) rc = unpack_end(&u, NULL, e);
	unpack_abort(&u);
	return rc;
}

static int read_description(struct host *h, const char *from, int work,
                            const struct image_metadata **found, struct err *e)
{
	AUTOCLOSE int dir = -1;

	if (mkdirat(work, DESCRIPTION, 0700) < 0) return fail_sys(e, "create " DESCRIPTION);
	dir = openat(work, DESCRIPTION, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0) return fail_sys(e, "open " DESCRIPTION);
	if (unpack_description(h, from, dir, e) < 0) return -1;
	return root_take_description(h->m, work, DESCRIPTION, found, e);
}

/* -- the archive -- */

static int unpack_archive(struct host *h, const struct install_source *source,
                          struct unpack_sink *r, struct err *e)
{
	const struct image_sink sink = { .begin = unpack_sink_begin, .take = unpack_sink_take,
	                                 .wants_file = unpack_sink_wants_file,
	                                 .file = unpack_sink_file,
	                                 .restart = unpack_sink_restart,
	                                 .progress = unpack_sink_progress, .arg = r };
	struct archive_input *in = source->in;
	int rc;

	if (in->fd >= 0)
		out_step("Unpacking %s", str_eq(in->from, "-") ? "standard input" : in->from);
	rc = archive_input_read(h, in, source->sha256, &sink, e);
	if (rc == 0) rc = unpack_sink_finish(r, e);
	unpack_sink_drop(r);
	return rc;
}

/* The layers of the image in the open directory, which is deleted. */
static int put_together(struct host *h, int layers, const struct unpack_limits *limits,
                        struct staging *work, struct install_found *found, struct err *e)
{
	struct oci_image *image = arena_alloc(h->m, sizeof *image);

	if (oci_archive_open(h->m, layers, image, e) < 0 ||
	    layers_install(image, limits, work->dir, e) < 0)
		return -1;
	found->image = image;
	return tree_remove(work->dir, ROOT_LAYERS, e);
}

static int lift_root(struct host *h, const struct unpack_limits *limits, struct staging *work,
                     struct install_found *found, struct err *e)
{
	AUTOCLOSE int layers = -1;

	if (root_take_layers(work->dir, &layers, e) < 0) return -1;
	if (layers >= 0) return put_together(h, layers, limits, work, found, e);
	return root_lift(h->m, work->dir, &found->metadata, e);
}

int install_archive(struct host *h, const struct install_source *source,
                    const struct unpack_limits *limits, struct staging *work,
                    struct install_found *found, struct err *e)
{
	const struct archive_input *in = source->in;
	const char *name = word_shown(h->m, in->from);
	struct unpack_sink r = { .name = name, .work = work, .limits = *limits };
	int rc;

	*found = (struct install_found){ 0 };
	r.limits.is_export = in->is_export;
	rc = unpack_archive(h, source, &r, e);
	if (rc == 0)
		rc = in->is_export ? root_lift_export(work->dir, in->config, e) :
		     lift_root(h, limits, work, found, e);
	if (rc < 0) return fail_in(e, "image %s", name);
	if (!source->metadata) return 0;
	if (read_description(h, source->metadata, work->dir, &found->metadata, e) == 0)
		return 0;
	return fail_in(e, "--metadata %s", word_shown(h->m, source->metadata));
}
