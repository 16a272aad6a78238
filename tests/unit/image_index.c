#include "lib/image/index.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

#define HASH "b79104e829f9e90fe886a3b05cb4534737419858d5c30633374e5a2162894f26"

/* The products as lines "KEY SERIAL PATH SIZE", the newest build of each. */
static const char *listing(struct arena *m, const struct image_index *x)
{
	struct str s = { .m = m };
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct image *image = &x->images[i];

		str_addf(&s, "%s:%s:%s:%s %s/%zu %s %llu\n", image->distro, image->release,
		         image->arch, image->variant, image->builds->serial, image->n_builds,
		         image->builds->path, (unsigned long long)image->builds->size);
	}
	return str_text(&s);
}

TEST(a_list_of_the_live_shape)
{
	AUTOFREE struct arena m = { 0 };
	struct image_index x;
	struct err e = { 0 };
	size_t n;
	char *text = read_file(&m, AT_FDCWD, "tests/data/image/images.json", 1 << 20, &n, &e);

	CHECK(text);
	CHECK_INT(image_index_parse(&m, text, n, &x, &e), 0);
	CHECK_INT(x.skipped, 0);
	CHECK_STR(listing(&m, &x),
		"alpine:3.23:amd64:default 20261122_13:00/1 "
		"images/alpine/3.23/amd64/default/20261122_13:00/rootfs.tar.xz 93000000\n"
		"archlinux:current:amd64:default 20261122_04:18/2 "
		"images/archlinux/current/amd64/default/20261122_04:18/rootfs.tar.xz 93000000\n"
		"debian:bookworm:amd64:cloud 20261122_05:24/1 "
		"images/debian/bookworm/amd64/cloud/20261122_05:24/rootfs.tar.xz 93000000\n"
		"debian:bookworm:amd64:default 20261122_05:24/3 "
		"images/debian/bookworm/amd64/default/20261122_05:24/rootfs.tar.xz 93000000\n"
		"debian:bookworm:arm64:default 20261122_05:24/1 "
		"images/debian/bookworm/arm64/default/20261122_05:24/rootfs.tar.xz 93000000\n"
		"nixos:26.05:amd64:default 20261122_01:00/1 "
		"images/nixos/26.05/amd64/default/20261122_01:00/rootfs.squashfs 111000000\n");
	CHECK(x.images[5].builds->squashfs);
	CHECK(!x.images[3].builds->squashfs);
	CHECK_STR(x.images[3].aliases[3], "debian/12");
	CHECK_STR(x.images[3].builds[2].serial, "20261120_05:24");
	CHECK_STR(x.images[3].builds[2].sha256, HASH);
}

#define ITEM(type, path) "\"" path "\": {\"ftype\": \"" type "\", \"path\": \"" path "\", " \
	"\"sha256\": \"" HASH "\", \"size\": 7}"
#define BUILD(serial, items) "\"" serial "\": {\"items\": {" items "}}"

TEST(a_squashfs_is_taken_where_there_is_no_tar)
{
	static const char text[] = "{\"products\": {\"d:r:a:v\": {\"versions\": {"
		BUILD("1", ITEM("squashfs", "one") "," ITEM("root.tar.xz", "two")) ","
		BUILD("2", ITEM("incus.tar.xz", "three") "," ITEM("squashfs", "four")) ","
		BUILD("3", ITEM("disk-kvm.img", "five") "," ITEM("squashfs.vcdiff", "six"))
		"}}}}";
	AUTOFREE struct arena m = { 0 };
	struct image_index x;
	struct err e = { 0 };

	CHECK_INT(image_index_parse(&m, text, strlen(text), &x, &e), 0);
	CHECK_INT(x.n, 1);
	CHECK_INT(x.images->n_builds, 2);
	CHECK_STR(x.images->builds[0].path, "four");
	CHECK(x.images->builds[0].squashfs);
	CHECK_STR(x.images->builds[1].path, "two");
	CHECK(!x.images->builds[1].squashfs);
	CHECK_INT(x.skipped, 0);
}

/* One product with one build made of these; what of it was believed. */
static void product(const char *key, const char *serial, const char *path, const char *sha256,
                    const char *size, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct image_index x;
	struct err e = { 0 };
	const char *text = arena_printf(
		&m,
		"{\"products\": {\"%s\": {\"aliases\": \"a/1, b c,,a\", "
		"\"versions\": {\"%s\": {\"items\": {\"any key\": {\"ftype\": \"root.tar.xz\", "
		"\"path\": \"%s\", \"sha256\": \"%s\", \"size\": %s}}}}}}}",
		key, serial, path, sha256, size);

	CHECK_INT(image_index_parse(&m, text, strlen(text), &x, &e), 0);
	CHECK_STR(listing(&m, &x), want);
	CHECK_INT(x.skipped, *want ? 0 : 1);
	if (*want) {
		CHECK_STR(x.images->aliases[0], "a/1");
		CHECK_STR(x.images->aliases[1], "a");
		CHECK(!x.images->aliases[2]);
	}
}

TEST(what_is_believed)
{
	product("d:r:a:v", "1", "p", HASH, "1", "d:r:a:v 1/1 p 1\n");
	product("D.x:9-Stream:a_b:v+w", "2026:01", "a/b..c/.d/~", HASH, "68719476736",
	        "D.x:9-Stream:a_b:v+w 2026:01/1 a/b..c/.d/~ 68719476736\n");
}

static void key(const char *key)
{
	product(key, "1", "p", HASH, "1", "");
}

static void path(const char *path)
{
	product("d:r:a:v", "1", path, HASH, "1", "");
}

TEST(keys_that_are_not_believed)
{
	key("");
	key("d:r:a");
	key("d:r:a:v:w");
	key("d::a:v");
	key("d:r:a:");
	key("d:r:a:..");
	key("-d:r:a:v");
	key("d:r/s:a:v");
	key("d:r s:a:v");
	key("d:\\u001b[31m:a:v");
	key("d:r:a:0123456789012345678901234567890123456789012345678901234567890123456789");
}

TEST(paths_that_are_not_believed)
{
	path("");
	path("/p");
	path("../p");
	path("a/../p");
	path("a/./p");
	path("a//p");
	path("a/");
	path("a/..");
	path("a?b");
	path("a#b");
	path("a%2e%2e/b");
	path("a b");
	path("a\\\\b");
	path("a\\nb");
	path("https://other/x");
}

TEST(other_things_that_are_not_believed)
{
	product("d:r:a:v", "", "p", HASH, "1", "");
	product("d:r:a:v", "1/2", "p", HASH, "1", "");
	product("d:r:a:v", "1", "p", HASH "0", "1", "");
	product("d:r:a:v", "1", "p", "xyz", "1", "");
	product("d:r:a:v", "1", "p", HASH, "0", "");
	product("d:r:a:v", "1", "p", HASH, "-1", "");
	product("d:r:a:v", "1", "p", HASH, "1.5", "");
	product("d:r:a:v", "1", "p", HASH, "\"1\"", "");
	product("d:r:a:v", "1", "p", HASH, "68719476737", "");
}

static void refuses(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct image_index x;
	struct err e = { 0 };

	CHECK(image_index_parse(&m, text, strlen(text), &x, &e) < 0);
	CHECK_STR(e.text, want);
	CHECK_INT(e.kind, ERR_NETWORK);
}

TEST(no_list_at_all)
{
	refuses("", "the list of images: not JSON from byte 0 on");
	refuses("{\"products\": {\"a\"", "the list of images: not JSON from byte 16 on");
	refuses("[]", "the list of images has no products");
	refuses("{}", "the list of images has no products");
	refuses("{\"products\": []}", "the list of images has no products");
}

TEST(odd_shapes)
{
	static const char text[] =
		"{\"products\": {\"d:r:a:v\": 1, \"e:r:a:v\": {\"versions\": []}, "
		"\"f:r:a:v\": {\"versions\": {\"1\": {\"items\": [{\"ftype\": 5}, null]}}, "
		"\"aliases\": 7}}}";
	AUTOFREE struct arena m = { 0 };
	struct image_index x;

	CHECK_INT(image_index_parse(&m, text, strlen(text), &x, NULL), 0);
	CHECK_INT(x.n, 0);
}
