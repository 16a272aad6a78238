#include "lib/provision/oci_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/sha256.h"
#include "lib/base/wait.h"
#include "lib/image/pick.h"
#include "lib/provision/layers.h"
#include "lib/text/oci.h"

enum { PIECE = 64 << 10 };

struct source {
	struct arena *m;
	int dir;
	const struct oci_layer *layers;
};

static bool has_file(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool has_layout(int dir)
{
	return has_file(dir, "oci-layout") && has_file(dir, "index.json");
}

bool oci_archive_is(int dir)
{
	return has_layout(dir) || has_file(dir, "manifest.json");
}

/* Older Docker writes a layer once, and links to it where it comes again. */
static int open_inside(int dir, const char *path, struct err *e)
{
	AUTOCLOSE int place = place_in_root(dir, path, 0, e);

	return place < 0 ? -1 : reopen_file(place, path, e);
}

static const char *path_of(struct arena *m, const struct oci_blob *b)
{
	return arena_printf(m, "blobs/sha256/%s", b->digest + 7);
}

static int check_digest(const struct sha256 *h, const struct oci_blob *b, struct err *e)
{
	char hex[SHA256_HEX + 1];

	sha256_end(h, hex);
	if (sha256_same(hex, b->digest + 7)) return 0;
	return fail(e, ERR_UNTRUSTED, "%s has the SHA-256 %s", b->digest, hex);
}

static char *read_inside(const struct source *s, const char *path, size_t *n, struct err *e)
{
	AUTOCLOSE int fd = open_inside(s->dir, path, e);
	char *text = fd < 0 ? NULL : read_all(s->m, fd, OCI_TEXT_MAX, n, e);

	if (fd >= 0 && !text) fail_in(e, "%s", path);
	return text;
}

static char *read_checked(const struct source *s, const struct oci_blob *b, size_t *n,
                          struct err *e)
{
	char *text = read_inside(s, path_of(s->m, b), n, e);
	struct sha256 h;

	if (!text) return NULL;
	sha256_begin(&h);
	sha256_add(&h, text, *n);
	return check_digest(&h, b, e) < 0 ? NULL : text;
}

static int read_layout(const struct source *s, struct oci_manifest *out, const char **digest,
                       struct err *e)
{
	struct oci_blob next;
	size_t n;
	const char *text = read_inside(s, "index.json", &n, e);

	if (!text || oci_layout_parse(s->m, text, n, NULL, image_arch(), &next, e) < 0)
		return -1;
	for (int i = 0, rc; i <= OCI_INDEXES_MAX; i++) {
		*digest = next.digest;
		if (!(text = read_checked(s, &next, &n, e))) return -1;
		rc = oci_manifest_parse(s->m, text, n, image_arch(), &next, out, e);
		if (rc <= 0) return rc;
	}
	return fail(e, ERR_INPUT, "more than %d indexes lead to the image", OCI_INDEXES_MAX);
}

static int read_saved(const struct source *s, struct oci_manifest *out, struct err *e)
{
	size_t n;
	const char *text = read_inside(s, "manifest.json", &n, e);

	return text ? oci_archive_parse(s->m, text, n, NULL, out, e) : -1;
}

static int hash_file(int fd, struct sha256 *h, struct err *e)
{
	char piece[PIECE];
	ssize_t n;

	sha256_begin(h);
	while ((n = read(fd, piece, sizeof piece)) > 0) {
		if (check_signal(e) < 0) return -1;
		sha256_add(h, piece, (size_t)n);
	}
	return n < 0 ? fail_sys(e, "read") : 0;
}

static int open_layer(void *arg, size_t i, struct err *e)
{
	const struct source *s = arg;
	const struct oci_layer *l = &s->layers[i];
	AUTOCLOSE int fd = open_inside(s->dir, l->path ? l->path : path_of(s->m, &l->blob), e);
	struct sha256 h;

	if (fd < 0 || l->path) return take_fd(&fd);
	if (hash_file(fd, &h, e) < 0 || check_digest(&h, &l->blob, e) < 0) return -1;
	return take_fd(&fd);
}

/* How large those are that have a path; opening tells which are missing. */
static void find_sizes(const struct source *s, struct oci_manifest *from)
{
	for (size_t i = 0; i < from->layers_n; i++) {
		struct oci_layer *l = &from->layers[i];
		AUTOCLOSE int place = l->path ? place_in_root(s->dir, l->path, 0, NULL) : -1;
		struct stat st;

		if (place >= 0 && fstat(place, &st) == 0) l->blob.size = (uint64_t)st.st_size;
	}
}

int oci_archive_open(struct arena *m, int dir, struct oci_image *out, struct err *e)
{
	struct source *s = arena_alloc(m, sizeof *s);
	struct oci_manifest from;
	const char *text;
	size_t n;
	int rc;

	*s = (struct source){ .m = m, .dir = dir };
	*out = (struct oci_image){ .open_layer = open_layer, .arg = s };
	rc = has_layout(dir) ? read_layout(s, &from, &out->digest, e) : read_saved(s, &from, e);
	if (rc < 0) return -1;
	text = from.config_path ? read_inside(s, from.config_path, &n, e) :
	       read_checked(s, &from.config, &n, e);
	if (!text || oci_config_parse(m, text, n, &from, &out->config, e) < 0) return -1;
	find_sizes(s, &from);
	s->layers = out->layers = from.layers;
	out->layers_n = from.layers_n;
	return layers_check(out, e);
}
