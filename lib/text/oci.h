/* Images in layers: references, and the JSON of registries and archives
 *
 * Reads what describes an image of OCI or Docker: the index of its architectures, its manifest
 * and its config, the index.json of an OCI layout, and the manifest.json of an archive that
 * `docker save` has made. Pure: who has the bytes checks their digest.
 *
 * All texts are hostile. They have at most OCI_TEXT_MAX bytes, which callers must not exceed,
 * and lists have limits of their own. What jlmkr cannot use (manifests of schema 1, foreign
 * layers, images of other things than root file systems, digests that are not SHA-256) is
 * refused with ERR_INPUT. Results live in the arena `m`, and not in the text.
 *
 * https://github.com/opencontainers/image-spec, distribution-spec
 */
#ifndef TEXT_OCI_H
#define TEXT_OCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

#define OCI_TEXT_MAX ((size_t)4 << 20)
#define OCI_LAYER_MAX (UINT64_C(64) << 30)	/* the size of one, and of all together */

enum {
	OCI_LAYERS_MAX = 500,
	OCI_INDEXES_MAX = 3,		/* an index that is in an index, and so on */
	OCI_DIGEST = 71,		/* characters of a digest: "sha256:" and 64 digits */
};

/* -- references -- */

/* docker://[HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST] */
struct oci_reference {
	const char *host;		/* "docker.io", "registry.example.org:5000" */
	const char *name;		/* "library/debian" */
	const char *tag;		/* NULL: there is a digest and no tag */
	const char *digest;		/* of index or manifest; beats the tag; or NULL */
};

/* Whether it begins like one, and is no path. */
bool oci_is_reference(const char *text);

/* ERR_USAGE if it is not a reference. */
int oci_reference_parse(struct arena *m, const char *text, struct oci_reference *r,
                        struct err *e);

/* The reference in full, with scheme, host and tag. */
const char *oci_reference_text(struct arena *m, const struct oci_reference *r);

/* Whether the text is "sha256:" and 64 digits in lower case. */
bool oci_is_digest(const char *s);

/* -- index and manifest -- */

/* The media types of both, as a registry wants to be told in a header Accept. */
extern const char oci_manifest_types[];

struct oci_blob {
	const char *digest;		/* "sha256:..." */
	uint64_t size;			/* in bytes, at least 1 */
};

/* A layer has a digest and a size (in a registry, a layout), or a path (`docker save`). */
struct oci_layer {
	struct oci_blob blob;		/* digest NULL: unknown */
	const char *path;		/* relative, in the archive, without ".."; or NULL */
	const char *diff_id;		/* digest of the tar in it; by oci_config_parse */
};

struct oci_manifest {
	struct oci_blob config;		/* as in a layer */
	const char *config_path;
	struct oci_layer *layers;	/* the lowest first */
	size_t layers_n;
};

/* Read what a reference leads to: an index, or a manifest. Of an index, `*next` becomes the
 * index or manifest for Linux on `arch`, a name as image_arch() returns it ("amd64", "arm64"),
 * and 1 is returned; ERR_MISSING if there is none, with the architectures that there are. Of a
 * manifest, `*out` is filled, and 0 is returned. The caller counts OCI_INDEXES_MAX. */
int oci_manifest_parse(struct arena *m, const char *text, size_t n, const char *arch,
                       struct oci_blob *next, struct oci_manifest *out, struct err *e);

/* Read the index.json of a layout: `*next` becomes the index or manifest of the image with that
 * tag, or if `tag` is NULL, of the only image; several images are a fault that lists them. A
 * tag is also found as the last part of a whole name ("docker.io/library/debian:12"). */
int oci_layout_parse(struct arena *m, const char *text, size_t n, const char *tag,
                     const char *arch, struct oci_blob *next, struct err *e);

/* Read the manifest.json of an archive of `docker save`: config and layers have paths. The
 * image is chosen as above. */
int oci_archive_parse(struct arena *m, const char *text, size_t n, const char *tag,
                      struct oci_manifest *out, struct err *e);

/* -- config -- */

/* Lists end in NULL and are never NULL themselves, texts are "" if they are not set. Words and
 * values of variables may contain any character but NUL, also newlines; the other texts contain
 * no control characters. */
struct oci_config {
	const char *arch;		/* as image_arch() names it, if it knows it */
	char **entrypoint, **cmd;
	char **env;			/* NAME=VALUE */
	const char *user;		/* UID, NAME, either with :GID or :GROUP */
	const char *directory;		/* absolute, without ".." */
	const char *stop_signal;	/* "SIGQUIT", "3" */
	char **volumes;			/* absolute paths without "..", none is "/" */
	char **ports;			/* "80/tcp", "53/udp", "8080" */
};

/* Read the config of an image and note its diff_ids in the manifest's layers. Refuses images of
 * other systems than Linux, and a config that has not a diff_id for each layer. */
int oci_config_parse(struct arena *m, const char *text, size_t n, struct oci_manifest *layers,
                     struct oci_config *c, struct err *e);

/* -- an image that can be unpacked -- */

/* Where it comes from is of no interest to whoever unpacks it. */
struct oci_image {
	const char *digest;		/* of the manifest; NULL: unknown (`docker save`) */
	struct oci_config config;
	struct oci_layer *layers;	/* the lowest first; each has its diff_id */
	size_t layers_n;

	/* Open layer `i`: a regular file, at its begin, with the right digest if the layer has
	 * one. The caller closes it. Layers are opened in order, each at most once. */
	int (*open_layer)(void *arg, size_t i, struct err *e);
	void *arg;
};

#endif
