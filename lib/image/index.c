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

enum { NAME_LENGTH_MAX = 64, PATH_LENGTH_MAX = 512 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool is_name(const char *s, size_t n)
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
static bool is_path(const char *s)
{
	size_t n = strlen(s), part;

	if (!n || n > PATH_LENGTH_MAX || strspn(s, LETTERS "._+-:~@=,/") != n) return false;
	for (;; s += part + 1) {
		part = strcspn(s, "/");
		if (!part || (part <= 2 && strspn(s, ".") >= part)) return false;
		if (!s[part]) return true;
	}
}

/* "distro:release:arch:variant" */
static bool split_key(struct arena *m, const char *key, struct image *out)
{
	const char **parts[] = { &out->distro, &out->release, &out->arch, &out->variant };
	size_t i;

	for (i = 0; i < 4; i++) {
		size_t n = strcspn(key, ":");

		if (!is_name(key, n) || (key[n] == ':') != (i < 3)) return false;
		*parts[i] = arena_strndup(m, key, n);
		key += n + (i < 3);
	}
	return true;
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

/* The tar comes first: it can be unpacked while it arrives, and keeps ACLs. */
static const struct json *root_archive(const struct json *version, bool *squashfs)
{
	const struct json *tar = find_item(version, ITEM_TAR);

	*squashfs = !tar;
	return tar ? tar : find_item(version, ITEM_SQUASHFS);
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

static void read_builds(struct arena *m, const struct json *product, struct image *out,
                        size_t *skipped)
{
	const struct json *versions = json_first(json_get(product, "versions")), *v, *item;
	size_t room = 0;

	for (v = versions; v; v = json_next(v))
		room++;
	out->n_builds = 0;
	out->builds = arena_array(m, room, sizeof *out->builds);
	for (v = versions; v; v = json_next(v)) {
		struct image_build *b = &out->builds[out->n_builds];

		if (!(item = root_archive(v, &b->squashfs))) continue;
		if (read_build(m, json_key(v), item, b))
			out->n_builds++;
		else
			++*skipped;
	}
	qsort(out->builds, out->n_builds, sizeof *out->builds, newest_first);
}

/* Read a text "debian/bookworm/default,debian/12"; bad aliases are dropped. */
static char **read_aliases(struct arena *m, const struct json *product)
{
	const char *list = json_text(json_get(product, "aliases"));
	struct words w = { .m = m };
	size_t n;

	for (; list && *list; list += n + (list[n] == ',')) {
		list += strspn(list, " ");
		n = strcspn(list, ",");
		if (n && n <= 3 * NAME_LENGTH_MAX && strspn(list, LETTERS "._+-/") >= n)
			words_add(&w, arena_strndup(m, list, n));
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

static void read_products(struct arena *m, const struct json *products, struct image_index *x)
{
	const struct json *product;
	size_t room = 0;

	for (product = json_first(products); product; product = json_next(product))
		room++;
	x->images = arena_array(m, room, sizeof *x->images);
	for (product = json_first(products); product; product = json_next(product)) {
		struct image *image = &x->images[x->n];

		if (!split_key(m, json_key(product), image)) {
			x->skipped++;
			continue;
		}
		read_builds(m, product, image, &x->skipped);
		if (!image->n_builds) continue;
		image->aliases = read_aliases(m, product);
		x->n++;
	}
	image_index_sort(x);
}

int image_index_parse(struct arena *m, const char *text, size_t n, struct image_index *x,
                      struct err *e)
{
	AUTOJSON struct json *root = json_open(text, n, e);
	const struct json *products = json_get(root, "products");

	*x = (struct image_index){ 0 };
	if (!root) {
		if (e) e->kind = ERR_NETWORK;
		return fail_in(e, "the list of images");
	}
	if (!json_is_object(products))
		return fail(e, ERR_NETWORK, "the list of images has no products");
	read_products(m, products, x);
	return 0;
}
