#include "lib/provision/look_archive.h"

#include <string.h>

#include "lib/archive/found.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/image/metadata.h"
#include "lib/provision/archive_input.h"
#include "lib/provision/description.h"
#include "lib/provision/install_archive.h"
#include "lib/provision/layout_root.h"
#include "lib/provision/oci_archive.h"
#include "lib/text/oci.h"
#include "lib/text/osrel.h"

static const struct found_root *find_root(const struct archive_found *f, const char **layout)
{
	static const char *const layouts[FOUND_PLACES] = {
		"a root file system", "a root file system in rootfs/", "a backup of Incus",
	};

	if (f->metadata_n && f->roots[FOUND_ROOTFS].bits & FOUND_ROOT) {
		*layout = "an image of Incus";
		return &f->roots[FOUND_ROOTFS];
	}
	for (int i = 0; i < FOUND_PLACES; i++) {
		*layout = layouts[i];
		if (f->roots[i].bits & FOUND_ROOT) return &f->roots[i];
	}
	return NULL;
}

static int read_metadata(struct host *h, const struct archive_found *f,
                         const struct image_metadata **out, struct err *e)
{
	struct image_metadata *d = arena_alloc(h->m, sizeof *d);

	if (f->metadata_n == sizeof f->metadata - 1)
		return fail(e, ERR_INPUT, "metadata.yaml: it is too long");
	if (image_metadata_parse(h->m, f->metadata, f->metadata_n, d, e) < 0 ||
	    description_check(d, e) < 0)
		return -1;
	*out = d;
	return 0;
}

static void note_system(struct host *h, const struct found_root *root, struct archive_look *out)
{
	const char *slash = strrchr(root->init, '/');
	struct osrel os;

	osrel_parse(h->m, root->os_release, strlen(root->os_release), &os);
	out->is_nixos = str_starts(root->init, "/nix/store/");
	out->system = out->is_nixos ? "NixOS" : os.pretty_name ? os.pretty_name : os.id;
	if (root->bits & FOUND_INIT) out->init = "init";
	if (*root->init) out->init = arena_strdup(h->m, slash ? slash + 1 : root->init);
	out->has_cloud_init = root->bits & FOUND_CLOUD_INIT;
}

static int look_at(struct host *h, struct archive_input *in, const char *sha256,
                   const struct unpack_limits *limits, struct archive_found *f,
                   struct unpack_report *r, struct err *e)
{
	if (archive_input_store(h, in, sha256, e) < 0) return -1;
	return unpack_look(in->fd, limits, r, f, e);
}

/* Its layers are not looked into: what runs in the jail, its config says. */
static int look_at_layers(struct host *h, int file, struct archive_look *out, struct err *e)
{
	AUTOCLOSE int dir = unpack_texts(file, e);
	struct oci_image *image = arena_alloc(h->m, sizeof *image);

	if (dir < 0 || oci_archive_open(h->m, dir, image, e) < 0) return -1;
	out->kind = unpack_kind(file);
	out->layout = "an image in layers";
	out->image = image;
	return 0;
}

static int look_at_root(struct host *h, const struct install_source *source,
                        const struct unpack_limits *limits, struct archive_found *f,
                        struct archive_look *out, struct err *e)
{
	const struct found_root *root;

	if (look_at(h, source->in, source->sha256, limits, f, &out->report, e) < 0) return -1;
	root = find_root(f, &out->layout);
	if (!root && f->bits & FOUND_LAYERS) return look_at_layers(h, source->in->fd, out, e);
	if (!root)
		return root_fail_absent(f->bits & FOUND_DISK, f->metadata_n, e);
	out->kind = unpack_kind(source->in->fd);
	note_system(h, root, out);
	if (f->metadata_n && root == &f->roots[FOUND_ROOTFS])
		return read_metadata(h, f, &out->metadata, e);
	return 0;
}

static int look_at_metadata(struct host *h, const char *from,
                            const struct image_metadata **out, struct err *e)
{
	AUTOARCHIVE in = NO_ARCHIVE;
	struct archive_found *f;
	int rc;

	if (archive_input_open(h->m, from, &in, e) < 0 || !(f = found_new(e))) return -1;
	rc = look_at(h, &in, NULL, &install_description_limits, f, NULL, e);
	if (rc == 0)
		rc = f->metadata_n ? read_metadata(h, f, out, e) :
		     fail(e, ERR_MISSING, "there is no metadata.yaml in it");
	found_free(f);
	return rc;
}

int archive_look(struct host *h, const struct install_source *source,
                 const struct unpack_limits *limits, struct archive_look *out, struct err *e)
{
	struct archive_found *f = found_new(e);
	int rc;

	*out = (struct archive_look){ 0 };
	if (!f) return -1;
	rc = look_at_root(h, source, limits, f, out, e);
	found_free(f);
	if (rc < 0) return fail_in(e, "image %s", word_shown(h->m, source->in->from));
	if (!source->metadata ||
	    look_at_metadata(h, source->metadata, &out->metadata, e) == 0)
		return 0;
	return fail_in(e, "--metadata %s", word_shown(h->m, source->metadata));
}
