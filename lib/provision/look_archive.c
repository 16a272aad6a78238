#include "lib/provision/look_archive.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/found.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/image/fetch.h"
#include "lib/image/metadata.h"
#include "lib/provision/description.h"
#include "lib/provision/install_archive.h"
#include "lib/text/osrel.h"

/* -- the bytes -- */

static int store_bytes(void *fd, const void *data, size_t n, struct err *e)
{
	return write_all(*(int *)fd, data, n, e);
}

static int drop_bytes(void *arg, const void *data, size_t n, struct err *e)
{
	(void)arg, (void)data, (void)n, (void)e;
	return 0;
}

/* Nothing else writes to it, so what was checked is what is looked at. */
static int open_store(struct host *h, struct err *e)
{
	int fd = open(h->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? fail_sys(e, "store it in %s", h->dir) : fd;
}

static int store_url(struct host *h, const char *url, const char *sha256, int to,
                     struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const struct image_sink sink = { .take = store_bytes, .arg = &to };
	struct image_source s = { 0 };
	int rc;

	if (image_source_open(&m, url, h->cacert, &s, e) < 0) return -1;
	rc = image_fetch_url(&s, sha256, &sink, e);
	image_source_close(&s);
	return rc;
}

/* A pipe is stored; a file only has its hash checked. */
static int open_local(struct host *h, const char *from, const char *sha256, struct err *e)
{
	AUTOCLOSE int fd = install_open(from, e), store = -1;
	const struct image_sink to_store = { .take = store_bytes, .arg = &store };
	const struct image_sink to_nowhere = { .take = drop_bytes };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) return -1;
	if (S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0) {
		if (sha256 && image_read(fd, sha256, &to_nowhere, e) < 0) return -1;
		return take_fd(&fd);
	}
	if ((store = open_store(h, e)) < 0 || image_read(fd, sha256, &to_store, e) < 0)
		return -1;
	return take_fd(&store);
}

static int open_source(struct host *h, const char *from, const char *sha256, struct err *e)
{
	AUTOCLOSE int store = -1;

	if (!is_url(from)) return open_local(h, from, sha256, e);
	if ((store = open_store(h, e)) < 0 || store_url(h, from, sha256, store, e) < 0)
		return -1;
	return take_fd(&store);
}

/* -- what they are -- */

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

static int look_at(struct host *h, const char *from, const char *sha256,
                   const struct unpack_limits *limits, struct archive_found *f,
                   struct unpack_report *r, struct err *e)
{
	AUTOCLOSE int fd = open_source(h, from, sha256, e);

	return fd < 0 ? -1 : unpack_look(fd, limits, r, f, e);
}

static int look_at_root(struct host *h, const struct install_source *source,
                        const struct unpack_limits *limits, struct archive_found *f,
                        struct archive_look *out, struct err *e)
{
	const struct found_root *root;

	if (look_at(h, source->from, source->sha256, limits, f, &out->report, e) < 0) return -1;
	if (!(root = find_root(f, &out->layout)))
		return install_fail_no_root(f->bits & FOUND_DISK, f->metadata_n, e);
	out->kind = f->kind;
	note_system(h, root, out);
	if (f->metadata_n && root == &f->roots[FOUND_ROOTFS])
		return read_metadata(h, f, &out->metadata, e);
	return 0;
}

int archive_look(struct host *h, const struct install_source *source,
                 const struct unpack_limits *limits, struct archive_look *out, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct archive_found *f = arena_alloc(&m, sizeof *f);

	*out = (struct archive_look){ 0 };
	if (look_at_root(h, source, limits, f, out, e) < 0)
		return fail_in(e, "image %s", word_shown(h->m, source->from));
	if (!source->metadata) return 0;
	if (look_at(h, source->metadata, NULL, &install_description_limits, f, NULL, e) == 0 &&
	    (f->metadata_n || fail(e, ERR_MISSING, "there is no metadata.yaml in it") == 0) &&
	    read_metadata(h, f, &out->metadata, e) == 0)
		return 0;
	return fail_in(e, "--metadata %s", word_shown(h->m, source->metadata));
}
