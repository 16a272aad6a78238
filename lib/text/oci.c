#include "lib/text/oci.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"
#include "lib/text/json.h"

enum { VALUES_MAX = 100000, LISTED = 12, WORDS_MAX = 1000, WORDS_BYTES = 128 * 1024,
       TEXT_MAX = 256 };

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

const char oci_manifest_types[] =
	OCI "index.v1+json, " DOCKER "distribution.manifest.list.v2+json, "
	OCI "manifest.v1+json, " DOCKER "distribution.manifest.v2+json";

#define NOTE_TAG "org.opencontainers.image.ref.name"
#define NOTE_NAME "io.containerd.image.name"

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_text(json_get(object, key));

	return text ? text : "";
}

static struct json *open_json(const char *text, size_t n, const char *what, struct err *e)
{
	struct json *root = NULL;

	if (n > OCI_TEXT_MAX)
		fail(e, ERR_INPUT, "more than %zu bytes", OCI_TEXT_MAX);
	else
		root = json_open_within(text, n, VALUES_MAX, e);
	if (!root) fail_in(e, "%s", what);
	return root;
}

/* -- architectures -- */

/* The names that OCI has for architectures (those of Go), and their newest variant that runs on
 * each machine of that name. */
static const struct { char ours[8], oci[8]; unsigned variant; } archs[] = {
	{ "amd64", "amd64", 1 }, { "arm64", "arm64", 8 }, { "armhf", "arm", 7 },
	{ "i386", "386", 0 }, { "ppc64el", "ppc64le", 0 },
};

enum { ARCHS = sizeof archs / sizeof *archs };

/* How well an entry of an index fits: 0 not at all, else the newest variant is the best. */
static unsigned fitness(const struct json *platform, const char *arch)
{
	const char *oci = text_of(platform, "architecture"), *text;
	unsigned variant, most = 0;
	size_t i;

	if (!platform) return 1;
	if (!str_eq(text_of(platform, "os"), "linux")) return 0;
	for (i = 0; i < ARCHS && !str_eq(arch, archs[i].ours); i++)
		;
	if (i < ARCHS) {
		arch = archs[i].oci;
		most = archs[i].variant;
	}
	if (!str_eq(oci, arch)) return 0;
	text = text_of(platform, "variant");
	variant = *text == 'v' ? (unsigned)strtoul(text + 1, NULL, 10) : most;
	return variant <= most || !most ? 2 + (most ? variant : 0) : 0;
}

static const char *arch_of(struct arena *m, const char *oci)
{
	for (size_t i = 0; i < ARCHS; i++)
		if (str_eq(oci, archs[i].oci)) return archs[i].ours;
	return arena_strdup(m, oci);
}

/* -- lists in messages -- */

struct listed {
	struct str text;
	unsigned n;
};

static void list_add(struct listed *l, const char *what)
{
	if (l->n++ < LISTED) str_addf(&l->text, "%s%.100s", l->text.len ? ", " : "", what);
	else if (l->n == LISTED + 2) str_add(&l->text, ", ...");
}

static void list_platform(struct arena *m, struct listed *l, const struct json *platform)
{
	const char *variant = text_of(platform, "variant");
	const char *arch = text_of(platform, "architecture");

	if (str_eq(arch, "unknown")) return;		/* attestations */
	list_add(l, arena_printf(m, "%s/%s%s%s", text_of(platform, "os"), arch,
	                         *variant ? "/" : "", variant));
}

/* -- descriptors -- */

static int read_blob(struct arena *m, const struct json *v, const char *what,
                     struct oci_blob *b, struct err *e)
{
	const char *digest = text_of(v, "digest");

	if (!oci_is_digest(digest))
		return fail(e, ERR_INPUT, "%s has no digest in SHA-256: '%.80s'", what, digest);
	if (!json_uint(json_get(v, "size"), &b->size) || !b->size || b->size > OCI_LAYER_MAX)
		return fail(e, ERR_INPUT, "%s %.19s... has no size that is possible", what,
		    digest);
	b->digest = arena_strdup(m, digest);
	return 0;
}

/* The text of a manifest, an index or a config. */
static int read_text_blob(struct arena *m, const struct json *v, const char *what,
                          struct oci_blob *b, struct err *e)
{
	if (read_blob(m, v, what, b, e) < 0) return -1;
	if (b->size <= OCI_TEXT_MAX) return 0;
	return fail(e, ERR_INPUT, "%s %.19s... has more than %zu bytes", what, b->digest,
	            OCI_TEXT_MAX);
}

/* Whether a list has the type. Not every maker names those of manifests. */
static bool is_type_of(const char *type, const char *list)
{
	const char *there = strstr(list, type);
	size_t n = strlen(type);

	return !n || (there && (there == list || there[-1] == ' ') &&
	              (!there[n] || there[n] == ','));
}

static bool leads_on(const struct json *entry)
{
	return is_type_of(text_of(entry, "mediaType"), oci_manifest_types);
}

/* -- index -- */

static bool has_tag(const char *name, const char *tag)
{
	const char *colon = strrchr(name, ':');

	return *name && (str_eq(name, tag) || (colon && str_eq(colon + 1, tag)));
}

static bool is_entry_of(const struct json *entry, const char *tag)
{
	const struct json *notes = json_get(entry, "annotations");

	if (!leads_on(entry)) return false;
	return !tag || has_tag(text_of(notes, NOTE_TAG), tag) ||
	       has_tag(text_of(notes, NOTE_NAME), tag);
}

static int pick_entry(struct arena *m, const struct json *entries, const char *tag,
                      const char *arch, struct oci_blob *next, struct err *e)
{
	struct listed there = { .text.m = m };
	const struct json *best = NULL, *v;
	unsigned most = 0, fits;

	for (v = json_first(entries); v; v = json_next(v)) {
		const struct json *platform = json_get(v, "platform");

		if (!is_entry_of(v, tag)) continue;
		if (platform) list_platform(m, &there, platform);
		if ((fits = fitness(platform, arch)) <= most) continue;
		most = fits;
		best = v;
	}
	if (best) return read_text_blob(m, best, "the manifest", next, e);
	return fail(e, ERR_MISSING, "it has no image for %s, only %s", arch,
	            there.n ? str_text(&there.text) : "other things");
}

/* -- manifest -- */

#define LAYER "layer.v1.tar"
#define DIFF "image.rootfs.diff.tar"

static bool is_packing(const char *s)
{
	if (!*s) return true;
	return (*s == '+' || *s == '.') && (str_eq(s + 1, "gzip") || str_eq(s + 1, "zstd"));
}

static int check_layer_type(const char *type, struct err *e)
{
	size_t oci = strlen(OCI LAYER), docker = strlen(DOCKER DIFF);

	if (!strncmp(type, OCI LAYER, oci) && is_packing(type + oci)) return 0;
	if (!strncmp(type, DOCKER DIFF, docker) && is_packing(type + docker)) return 0;
	if (strstr(type, ".foreign.") || strstr(type, ".nondistributable."))
		return fail(e, ERR_INPUT, "it has a foreign layer, which no registry has");
	return fail(e, ERR_INPUT, "it has a layer of the unknown type '%.100s'", type);
}

static int check_count(size_t n, struct err *e)
{
	if (n < OCI_LAYERS_MAX) return 0;
	return fail(e, ERR_INPUT, "it has more than %d layers", OCI_LAYERS_MAX);
}

static int read_layers(struct arena *m, const struct json *list, struct oci_manifest *out,
                       struct err *e)
{
	uint64_t sum = 0;

	out->layers = arena_array(m, OCI_LAYERS_MAX, sizeof *out->layers);
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		struct oci_blob *b = &out->layers[out->layers_n].blob;

		if (check_count(out->layers_n++, e) < 0 ||
		    check_layer_type(text_of(v, "mediaType"), e) < 0 ||
		    read_blob(m, v, "a layer", b, e) < 0)
			return -1;
		sum += b->size;
		if (sum > OCI_LAYER_MAX)
			return fail(e, ERR_INPUT, "its layers have more than %llu bytes",
			    (unsigned long long)OCI_LAYER_MAX);
	}
	return out->layers_n ? 0 : fail(e, ERR_INPUT, "it has no layers");
}

static int read_manifest(struct arena *m, const struct json *root, struct oci_manifest *out,
                         struct err *e)
{
	const struct json *config = json_get(root, "config");
	const char *type = text_of(config, "mediaType");

	*out = (struct oci_manifest){ 0 };
	if (!is_type_of(type, OCI "config.v1+json, " DOCKER "container.image.v1+json"))
		return fail(e, ERR_INPUT, "not an image of a root file system, but '%.100s'",
		            type);
	return read_text_blob(m, config, "the config", &out->config, e) < 0 ? -1 :
	       read_layers(m, json_get(root, "layers"), out, e);
}

/* What can be read as an index and as a manifest may be two things to two programs. */
static int read_root(struct arena *m, const struct json *root, const char *arch,
                     struct oci_blob *next, struct oci_manifest *out, struct err *e)
{
	const struct json *entries = json_get(root, "manifests");
	const struct json *layers = json_get(root, "layers");

	if (entries && !layers) return pick_entry(m, entries, NULL, arch, next, e) < 0 ? -1 : 1;
	if (layers && !entries) return read_manifest(m, root, out, e);
	if (json_get(root, "fsLayers"))
		return fail(e, ERR_INPUT, "a manifest of schema 1, which is too old");
	return fail(e, ERR_INPUT, "neither an index nor a manifest of an image");
}

int oci_manifest_parse(struct arena *m, const char *text, size_t n, const char *arch,
                       struct oci_blob *next, struct oci_manifest *out, struct err *e)
{
	AUTOJSON struct json *root = open_json(text, n, "the manifest", e);

	return root ? read_root(m, root, arch, next, out, e) : -1;
}

/* -- archives -- */

/* The name of an image in a layout, for messages. */
static const char *layout_name(const struct json *entry)
{
	const struct json *notes = json_get(entry, "annotations");
	const char *name = text_of(notes, NOTE_NAME);

	return *name ? name : text_of(notes, NOTE_TAG);
}

static int fail_choice(const char *tag, const struct listed *there, struct err *e)
{
	if (!there->n && !tag) return fail(e, ERR_INPUT, "the archive has no image");
	if (!there->n) return fail(e, ERR_MISSING, "the archive has no image '%s'", tag);
	return fail(e, ERR_INPUT, "the archive has several images: %s; save one alone",
	            str_text(&there->text));
}

/* One image may have an entry for each architecture: then their names do not differ. */
static int pick_image(struct arena *m, const struct json *entries, const char *tag,
                      const char *arch, struct oci_blob *next, struct err *e)
{
	struct listed there = { .text.m = m };
	const struct json *first = NULL, *v;
	bool several = false;

	for (v = json_first(entries); v; v = json_next(v)) {
		if (!is_entry_of(v, tag)) continue;
		if (!first) first = v;
		several |= !str_eq(layout_name(v), layout_name(first));
		list_add(&there, layout_name(v));
	}
	if (!first || several) return fail_choice(tag, &there, e);
	return pick_entry(m, entries, tag, arch, next, e);
}

int oci_layout_parse(struct arena *m, const char *text, size_t n, const char *tag,
                     const char *arch, struct oci_blob *next, struct err *e)
{
	AUTOJSON struct json *root = open_json(text, n, "index.json", e);

	return root ? pick_image(m, json_get(root, "manifests"), tag, arch, next, e) : -1;
}

static bool is_plain(struct arena *m, const char *s)
{
	return shown(m, s) == s;
}

/* The path with single slashes and without "." parts; NULL if it has ".." in it or characters
 * that no path of an image needs. Absolute ones stay so. */
static const char *clean_path(struct arena *m, const char *s)
{
	struct str out = { .m = m };
	size_t n;

	if (strlen(s) >= PATH_MAX / 2 || !is_plain(m, s)) return NULL;
	if (*s == '/') str_addc(&out, '/');
	for (; *s; s += n) {
		s += strspn(s, "/");
		n = strcspn(s, "/");
		if (n == 2 && !strncmp(s, "..", 2)) return NULL;
		if (!n || (n == 1 && *s == '.')) continue;
		if (out.len && out.s[out.len - 1] != '/') str_addc(&out, '/');
		str_addn(&out, s, n);
	}
	return str_text(&out);
}

static int read_path(struct arena *m, const struct json *v, const char **out, struct err *e)
{
	const char *said = json_text(v);

	*out = said ? clean_path(m, said) : NULL;
	if (*out && **out && **out != '/') return 0;
	return fail(e, ERR_INPUT, "manifest.json: '%.100s' is not a path in the archive",
	            said ? said : "");
}

static bool has_repo_tag(const struct json *entry, const char *tag)
{
	const struct json *v = json_first(json_get(entry, "RepoTags"));

	if (!tag) return true;
	for (; v; v = json_next(v))
		if (json_text(v) && has_tag(json_text(v), tag)) return true;
	return false;
}

static int read_saved(struct arena *m, const struct json *entry, struct oci_manifest *out,
                      struct err *e)
{
	const struct json *v = json_first(json_get(entry, "Layers"));

	*out = (struct oci_manifest){
		.layers = arena_array(m, OCI_LAYERS_MAX, sizeof *out->layers),
	};
	if (read_path(m, json_get(entry, "Config"), &out->config_path, e) < 0) return -1;
	for (; v; v = json_next(v))
		if (check_count(out->layers_n, e) < 0 ||
		    read_path(m, v, &out->layers[out->layers_n++].path, e) < 0)
			return -1;
	return out->layers_n ? 0 : fail(e, ERR_INPUT, "it has no layers");
}

int oci_archive_parse(struct arena *m, const char *text, size_t n, const char *tag,
                      struct oci_manifest *out, struct err *e)
{
	AUTOJSON struct json *root = open_json(text, n, "manifest.json", e);
	const struct json *found = NULL, *v;
	struct listed there = { .text.m = m };

	if (!root) return -1;
	for (v = json_first(root); v; v = json_next(v)) {
		const char *name = json_text(json_first(json_get(v, "RepoTags")));

		if (!has_repo_tag(v, tag)) continue;
		list_add(&there, name ? name : text_of(v, "Config"));
		found = v;
	}
	return there.n == 1 ? read_saved(m, found, out, e) : fail_choice(tag, &there, e);
}

/* -- config -- */

static int fail_config(const char *what, const char *text, struct err *e)
{
	return fail(e, ERR_INPUT, "the config of the image has an invalid %s: '%.100s'", what,
	            text);
}

/* The words of an array, or the keys of an object. */
static int read_texts(struct arena *m, const struct json *list, const char *key, bool keys,
                      char ***out, struct err *e)
{
	struct words w = { .m = m };
	size_t bytes = 0;

	for (const struct json *v = json_first(json_get(list, key)); v; v = json_next(v)) {
		const char *text = keys ? json_key(v) : json_text(v);

		if (!text) return fail_config(key, "not a list of texts", e);
		bytes += strlen(text) + 1;
		if (w.n == WORDS_MAX || bytes > WORDS_BYTES)
			return fail_config(key, "too long", e);
		words_add(&w, text);
	}
	*out = words_list(&w);
	return 0;
}

/* Docker drops a variable without a value, too. */
static void drop_invalid(char **env)
{
	char **to = env;

	for (; *env; env++)
		if (strchr(*env, '=') > *env) *to++ = *env;
	if (*to) *to = NULL;		/* an empty list is shared, and read-only */
}

static int read_short(struct arena *m, const struct json *object, const char *key,
                      const char *allowed, const char **out, struct err *e)
{
	const char *text = text_of(object, key);

	if (strlen(text) > TEXT_MAX || text[strspn(text, allowed)])
		return fail_config(key, text, e);
	*out = arena_strdup(m, text);
	return 0;
}

static int read_directory(struct arena *m, const struct json *object, struct oci_config *c,
                          struct err *e)
{
	const char *text = text_of(object, "WorkingDir");

	if (*text && *text != '/') text = arena_printf(m, "/%s", text);
	c->directory = clean_path(m, text);
	return c->directory ? 0 : fail_config("WorkingDir", text, e);
}

static int clean_volumes(struct arena *m, struct oci_config *c, struct err *e)
{
	struct words w = { .m = m };

	for (char **v = c->volumes; *v; v++) {
		const char *path = clean_path(m, *v);

		if (!path || *path != '/' || !path[1]) return fail_config("Volumes", *v, e);
		if (!words_have(words_list(&w), path)) words_add(&w, path);
	}
	c->volumes = words_list(&w);
	return 0;
}

/* They are only shown. */
static void drop_strange(char **ports)
{
	char **to = ports;

	for (; *ports; ports++) {
		size_t n = strspn(*ports, "0123456789-");
		const char *kind = *ports + n;

		if (n && (!*kind || str_eq(kind, "/tcp") || str_eq(kind, "/udp")))
			*to++ = *ports;
	}
	if (*to) *to = NULL;
}

static void to_upper(char *s)
{
	for (; *s; s++)
		if (*s >= 'a' && *s <= 'z') *s -= 'a' - 'A';
}

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static int read_config(struct arena *m, const struct json *v, struct oci_config *c,
                       struct err *e)
{
	const char *stop_signal;

	if (read_texts(m, v, "Entrypoint", false, &c->entrypoint, e) < 0 ||
	    read_texts(m, v, "Cmd", false, &c->cmd, e) < 0 ||
	    read_texts(m, v, "Env", false, &c->env, e) < 0 ||
	    read_texts(m, v, "Volumes", true, &c->volumes, e) < 0 ||
	    read_texts(m, v, "ExposedPorts", true, &c->ports, e) < 0 ||
	    read_short(m, v, "User", NAME_CHARACTERS "_.-@$:", &c->user, e) < 0 ||
	    read_short(m, v, "StopSignal", NAME_CHARACTERS "+-", &stop_signal, e) < 0 ||
	    read_directory(m, v, c, e) < 0 || clean_volumes(m, c, e) < 0)
		return -1;
	drop_strange(c->ports);
	drop_invalid(c->env);
	c->stop_signal = arena_strdup(m, stop_signal);
	to_upper((char *)c->stop_signal);
	return 0;
}

static int read_diff_ids(struct arena *m, const struct json *root, struct oci_manifest *out,
                         struct err *e)
{
	const struct json *v = json_first(json_get(json_get(root, "rootfs"), "diff_ids"));
	size_t n = 0;

	for (; v; v = json_next(v), n++) {
		const char *id = json_text(v);

		if (!id || !oci_is_digest(id)) return fail_config("diff_id", id ? id : "", e);
		if (n < out->layers_n) out->layers[n].diff_id = arena_strdup(m, id);
	}
	if (n == out->layers_n) return 0;
	return fail(e, ERR_INPUT, "the image has %zu layers, but its config %zu", out->layers_n,
	            n);
}

int oci_config_parse(struct arena *m, const char *text, size_t n, struct oci_manifest *layers,
                     struct oci_config *c, struct err *e)
{
	AUTOJSON struct json *root = open_json(text, n, "the config of the image", e);
	const char *os = text_of(root, "os");

	*c = (struct oci_config){ 0 };
	if (!root) return -1;
	if (!str_eq(os, "linux"))
		return fail(e, ERR_INPUT, "the image is for '%.40s', not for Linux", os);
	c->arch = arch_of(m, text_of(root, "architecture"));
	return read_diff_ids(m, root, layers, e) < 0 ? -1 :
	       read_config(m, json_get(root, "config"), c, e);
}
