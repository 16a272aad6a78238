#include "lib/image/index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/image/impl.h"
#include "lib/base/sha256.h"
#include "lib/text/json.h"

enum { NAME_LENGTH_MAX = 64, PATH_LENGTH_MAX = 512, ALIASES_MAX = 64, BUILDS_MAX = 100000,
       STREAMS_MAX = 8 };

#define HTTPS "https://"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool image_is_name(const char *s, size_t n)
{
	return n && n <= NAME_LENGTH_MAX && strspn(s, LETTERS "._+-") >= n && *s != '.' &&
	       *s != '-';
}

static bool is_serial(const char *s)
{
	size_t n = strlen(s);

	return n && n <= NAME_LENGTH_MAX && strspn(s, LETTERS "._+-:") == n && *s != '.' &&
	       *s != '-';
}

/* Whether the path is relative, and each part is a name: not empty, ".", or "..". */
static bool is_relative(const char *s)
{
	size_t n = strlen(s), part;

	if (!n || n > PATH_LENGTH_MAX || strspn(s, LETTERS "._+-:~@=,/") != n) return false;
	for (;; s += part + 1) {
		part = strcspn(s, "/");
		if (!part || (part <= 2 && strspn(s, ".") >= part)) return false;
		if (!s[part]) return true;
	}
}

/* Such a path, or one below "https://HOST/". */
static bool is_path(const char *s)
{
	size_t host;

	if (!str_starts(s, HTTPS)) return is_relative(s);
	s += strlen(HTTPS);
	host = strspn(s, LETTERS ".-:");
	return host && s[host] == '/' && is_relative(s + host + 1);
}

/* "distro:release:arch:variant" */
static bool split_key(struct arena *m, const char *key, struct image *out)
{
	const char **parts[] = { &out->distro, &out->release, &out->arch, &out->variant };
	size_t i;

	for (i = 0; i < 4; i++) {
		size_t n = strcspn(key, ":");

		if (!image_is_name(key, n) || (key[n] == ':') != (i < 3)) return false;
		*parts[i] = arena_strndup(m, key, n);
		key += n + (i < 3);
	}
	return true;
}

static const char *lower_letters(struct arena *m, const char *text)
{
	char *s = arena_strdup(m, text);

	for (char *c = s; *c; c++)
		if (*c >= 'A' && *c <= 'Z') *c += 'a' - 'A';
	return s;
}

/* The names of a product by its fields. */
static bool read_fields(struct arena *m, const struct json *product, struct image *out)
{
	const char *os = json_text(json_get(product, "os"));
	const char *release = json_text(json_get(product, "release"));
	const char *arch = json_text(json_get(product, "arch"));
	const char *variant = json_text(json_get(product, "variant"));

	if (!variant || !*variant) variant = "default";
	if (!os || !release || !arch || !image_is_name(os, strlen(os)) ||
	    !image_is_name(release, strlen(release)) || !image_is_name(arch, strlen(arch)) ||
	    !image_is_name(variant, strlen(variant)))
		return false;
	out->distro = lower_letters(m, os);
	out->release = arena_strdup(m, release);
	out->arch = arena_strdup(m, arch);
	out->variant = arena_strdup(m, variant);
	return true;
}

/* `*by_key`: the key has all names. */
static bool read_product_names(struct arena *m, const struct json *product, struct image *out,
                       bool *by_key)
{
	const char *arch = json_text(json_get(product, "arch"));

	*by_key = split_key(m, json_key(product), out) && (!arch || str_eq(arch, out->arch));
	return *by_key || read_fields(m, product, out);
}

static const struct json *find_item(const struct json *version, const char *kind)
{
	const struct json *item = json_first(json_get(version, "items"));
	const char *type;

	for (; item; item = json_next(item)) {
		type = json_text(json_get(item, "ftype"));
		if (type && str_eq(type, kind)) break;
	}
	return item;
}

/* An image of a container in one file, as Incus and LXD call it. */
static const struct json *find_combined(const struct json *version)
{
	const struct json *item = find_item(version, "incus_combined.tar.gz");
	const char *type = json_text(json_get(item, "combined_type"));

	if (!item) return find_item(version, "lxd_combined.tar.gz");
	return type && !str_eq(type, "container") ? NULL : item;
}

/* Servers pack both with xz. Then the tar costs less: it is smaller by a tenth, needs two
 * thirds of the time, and is unpacked while it arrives. It also keeps ACLs. */
static const struct json *root_archive(const struct json *version, bool *squashfs)
{
	const struct json *tar = find_item(version, ITEM_TAR);
	const struct json *flat = tar ? NULL : find_item(version, ITEM_SQUASHFS);

	*squashfs = flat;
	return tar ? tar : flat ? flat : find_combined(version);
}

static bool read_build(struct arena *m, const char *serial, const struct json *item,
                       struct image_build *out)
{
	const char *path = json_text(json_get(item, "path"));
	const char *sha256 = json_text(json_get(item, "sha256"));

	if (!path || !sha256 || !json_uint(json_get(item, "size"), &out->size)) return false;
	if (!is_serial(serial) || !is_path(path) || !sha256_is_hex(sha256) || !out->size ||
	    out->size > IMAGE_SIZE_MAX)
		return false;
	out->serial = arena_strdup(m, serial);
	out->path = arena_strdup(m, path);
	out->sha256 = lower_case(m, sha256);
	return true;
}

static int newest_first(const void *a, const void *b)
{
	const struct image_build *x = a, *y = b;

	return strcmp(y->serial, x->serial);
}

/* `room`: how many there may be. */
static void read_builds(struct arena *m, const struct json *product, struct image *out,
                        size_t room, size_t *skipped)
{
	const struct json *versions = json_first(json_get(product, "versions")), *v, *item;
	size_t n = 0;

	for (v = versions; v; v = json_next(v))
		n++;
	if (n > room) *skipped += n - room;
	if (n < room) room = n;
	out->n_builds = 0;
	out->builds = arena_array(m, room, sizeof *out->builds);
	for (v = versions; v && out->n_builds < room; v = json_next(v)) {
		struct image_build *b = &out->builds[out->n_builds];

		if (!(item = root_archive(v, &b->squashfs))) continue;
		if (read_build(m, json_key(v), item, b))
			out->n_builds++;
		else
			++*skipped;
	}
	qsort(out->builds, out->n_builds, sizeof *out->builds, newest_first);
}

/* Ubuntu has "24.04,default,noble" where others have "ubuntu/24.04,ubuntu/noble"; it calls the
 * release to take "default". */
static const char *whole_alias(struct arena *m, const struct image *image, const char *alias)
{
	alias = lower_letters(m, alias);
	if (strchr(alias, '/')) return alias;
	if (str_eq(alias, "default")) return image->distro;
	return arena_printf(m, "%s/%s", image->distro, alias);
}

/* Read a text "debian/bookworm/default,debian/12"; bad aliases are dropped. */
static char **read_aliases(struct arena *m, const struct json *product,
                           const struct image *image, bool by_key)
{
	const char *list = json_text(json_get(product, "aliases")), *alias;
	struct words w = { .m = m };
	size_t n;

	for (; list && *list && w.n < ALIASES_MAX; list += n + (list[n] == ',')) {
		list += strspn(list, " ");
		n = strcspn(list, ",");
		if (!n || n > 3 * NAME_LENGTH_MAX || strspn(list, LETTERS "._+-/") < n)
			continue;
		alias = arena_strndup(m, list, n);
		words_add(&w, by_key ? alias : whole_alias(m, image, alias));
	}
	return words_list(&w);
}

static int compare_images(const void *a, const void *b)
{
	const struct image *x = a, *y = b;
	int d;

	if ((d = strcmp(x->distro, y->distro))) return d;
	if ((d = strcmp(x->release, y->release))) return d;
	if ((d = strcmp(x->variant, y->variant))) return d;
	return strcmp(x->arch, y->arch);
}

void image_index_sort(struct image_index *x)
{
	if (x->n) qsort(x->images, x->n, sizeof *x->images, compare_images);
}

void index_add(struct arena *m, struct index_images *all, const struct json *product)
{
	struct image image;
	bool by_key;

	if (all->builds >= BUILDS_MAX || !read_product_names(m, product, &image, &by_key)) {
		all->x.skipped++;
		return;
	}
	read_builds(m, product, &image, BUILDS_MAX - all->builds, &all->x.skipped);
	if (!image.n_builds) return;
	image.aliases = read_aliases(m, product, &image, by_key);
	all->builds += image.n_builds;
	all->x.images = arena_grow(m, all->x.images, all->x.n, &all->room, sizeof image);
	all->x.images[all->x.n++] = image;
}

int image_streams_parse(const char *text, size_t n, struct words *paths, struct err *e)
{
	AUTOJSON struct json *root = json_open(text, n, e);
	const struct json *stream = json_first(json_get(root, "index"));

	if (!root) {
		if (e) e->kind = ERR_NETWORK;
		return fail_in(e, "the list of lists");
	}
	for (; stream && paths->n < STREAMS_MAX; stream = json_next(stream)) {
		const char *type = json_text(json_get(stream, "datatype"));
		const char *path = json_text(json_get(stream, "path"));

		if (type && str_eq(type, "image-downloads") && path && is_path(path))
			words_add(paths, path);
	}
	return paths->n ? 0 : fail(e, ERR_NETWORK, "it names no list of images");
}
