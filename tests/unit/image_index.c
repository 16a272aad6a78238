#include "lib/image/index.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/image/pick.h"
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

static void parses(struct arena *m, const char *text, struct image_index *x)
{
	struct err e = { 0 };

	CHECK_INT(image_index_parse(m, text, strlen(text), x, &e), 0);
	CHECK_STR(e.text, "");
}

#define SIZED(type, path, size) "\"" path "\": {\"ftype\": \"" type "\", \"path\": \"" path \
	"\", \"sha256\": \"" HASH "\", \"size\": " size "}"

/* As incus-simplestreams makes it. */
TEST(a_server_that_incus_made)
{
	static const char text[] =
		"{\"content_id\":\"images\",\"products\":{\"Debian:bookworm:default:amd64\":{"
		"\"aliases\":\"Debian/bookworm/default,Debian/12\",\"arch\":\"amd64\","
		"\"os\":\"Debian\",\"release\":\"bookworm\",\"versions\":{"
		BUILD("202511241600", ITEM("incus.tar.xz", "m") "," ITEM("squashfs", "s")) ","
		BUILD("202511252133", ITEM("incus_combined.tar.gz", "c")) ","
		"\"202511252134\": {\"items\": {\"v\": {\"ftype\": \"incus_combined.tar.gz\","
		"\"combined_type\": \"virtual-machine\", \"path\": \"v\", \"sha256\": \"" HASH
		"\", \"size\": 7}}}"
		"},\"variant\":\"default\"},"
		"\"any-name\":{\"arch\":\"arm64\",\"os\":\"Mine\",\"release\":\"1\","
		"\"variant\":\"web\",\"versions\":{"
		BUILD("202511252133", ITEM("lxd_combined.tar.gz", "l")) "}}}}";
	AUTOFREE struct arena m = { 0 };
	struct image_index x;

	parses(&m, text, &x);
	CHECK_STR(listing(&m, &x), "debian:bookworm:amd64:default 202511252133/2 c 7\n"
		  "mine:1:arm64:web 202511252133/1 l 7\n");
	CHECK(!x.images[0].builds[0].squashfs && x.images[0].builds[1].squashfs);
	CHECK_STR(x.images[0].aliases[0], "debian/bookworm/default");
	CHECK_STR(x.images[0].aliases[1], "debian/12");
	CHECK_INT(x.skipped, 0);
}

/* As cloud-images.ubuntu.com has it: no variant, aliases without the distribution. */
TEST(the_cloud_images_of_ubuntu)
{
	static const char text[] =
		"{\"datatype\":\"image-downloads\",\"products\":{"
		"\"com.ubuntu.cloud:server:24.04:amd64\":{"
		"\"aliases\":\"24.04,default,lts,n,noble\",\"arch\":\"amd64\","
		"\"os\":\"ubuntu\",\"release\":\"noble\","
		"\"version\":\"24.04\",\"supported\":true,\"versions\":{"
		BUILD("20240423", ITEM("root.tar.xz", "old")) ","
		BUILD("20240423.1", ITEM("tar.gz", "no") "," ITEM("lxd.tar.xz", "meta") ","
		      SIZED("squashfs", "server/releases/noble/x.squashfs", "7") ","
		      SIZED("root.tar.xz", "server/releases/noble/x-root.tar.xz", "8"))
		"}},\"com.ubuntu.cloud:server:25.10:amd64\":{\"aliases\":\"25.10,q,questing\","
		"\"arch\":\"amd64\",\"os\":\"ubuntu\",\"release\":\"questing\",\"versions\":{"
		BUILD("20251001", ITEM("squashfs", "q")) "}}}}";
	AUTOFREE struct arena m = { 0 };
	const struct image_want newest = { .distro = "ubuntu", .arch = "amd64" };
	const struct image_want lts = { .distro = "ubuntu", .arch = "amd64", .release = "lts" };
	const struct image_want by_number = { .distro = "ubuntu", .arch = "amd64",
					      .release = "25.10" };
	struct image_pick got;
	struct image_index x;
	struct err e = { 0 };

	parses(&m, text, &x);
	CHECK_STR(listing(&m, &x), "ubuntu:noble:amd64:default 20240423.1/2 "
		  "server/releases/noble/x-root.tar.xz 8\n"
		  "ubuntu:questing:amd64:default 20251001/1 q 7\n");
	CHECK_INT(image_pick(&x, &newest, &got, &e), 0);
	CHECK_STR(got.image->release, "noble");
	CHECK_INT(image_pick(&x, &lts, &got, &e), 0);
	CHECK_STR(got.image->release, "noble");
	CHECK_INT(image_pick(&x, &by_number, &got, &e), 0);
	CHECK_STR(got.image->release, "questing");
	CHECK_STR(image_release_alias(&m, &x.images[0]), "24.04");
}

/* One byte at a time, and two lists that become one. */
TEST(lists_in_pieces)
{
	static const char one[] =
		"{\"a\": \"products\", \"products\": {\"b:r:a:v\": {\"versions\": {"
		BUILD("1", ITEM("squashfs", "one")) "}}, \"bad\": {\"\\\"}\": [1, {}]}}, "
		"\"z\": [1]}\n";
	static const char two[] = "{\"products\": {\"a:r:a:v\": {\"versions\": {"
		BUILD("1", ITEM("squashfs", "two")) "}}}}";
	AUTOFREE struct arena m = { 0 };
	struct index_reader *r = image_index_begin(&m);
	struct image_index x;
	struct err e = { 0 };

	for (size_t i = 0; one[i]; i++)
		CHECK_INT(image_index_feed(r, &one[i], 1, &e), 0);
	CHECK_INT(image_index_end(r, &x, &e), 0);
	CHECK_INT(x.n, 1);
	CHECK_INT(x.skipped, 1);
	CHECK_INT(image_index_feed(r, two, strlen(two), &e), 0);
	CHECK_INT(image_index_end(r, &x, &e), 0);
	CHECK_STR(listing(&m, &x), "a:r:a:v 1/1 two 7\nb:r:a:v 1/1 one 7\n");
}

static void streams(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct words paths = { .m = &m };
	struct err e = { 0 };
	int rc = image_streams_parse(text, strlen(text), &paths, &e);

	CHECK_STR(rc < 0 ? e.text : words_join(&m, words_list(&paths), " "), want);
	if (rc < 0) CHECK_INT(e.kind, ERR_NETWORK);
}

TEST(the_list_of_lists)
{
	streams("{\"index\": {\"com.ubuntu.cloud:released:aws\": {\"datatype\": \"image-ids\", "
	        "\"path\": \"streams/v1/aws.json\"}, \"com.ubuntu.cloud:released:download\": "
	        "{\"datatype\": \"image-downloads\", \"format\": \"products:1.0\", \"path\": "
	        "\"streams/v1/com.ubuntu.cloud:released:download.json\"}, "
	        "\"other\": {\"datatype\": \"image-downloads\", "
	        "\"path\": \"https://other/x.json\"}, \"evil\": "
	        "{\"datatype\": \"image-downloads\", \"path\": \"../../etc/passwd\"}}}",
	        "streams/v1/com.ubuntu.cloud:released:download.json https://other/x.json");
	streams("{\"index\": {}}", "it names no list of images");
	streams("[]", "it names no list of images");
	streams("<html>", "the list of lists: not JSON from byte 0 on");
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
	product("d:r:a:v", "1", "https://other:8443/x/y", HASH, "1",
	        "d:r:a:v 1/1 https://other:8443/x/y 1\n");
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
	path("http://other/x");
	path("https://other");
	path("https://other/");
	path("https:///x");
	path("https://me:word@other/x");
	path("https://other/../x");
	path("https://other/x?y");
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
	refuses("{\"products\": {\"a\"", "the list of images: not JSON from byte 17 on");
	refuses("[]", "the list of images has no products");
	refuses("{}", "the list of images has no products");
	refuses("{\"products\": []}", "the list of images has no products");
	refuses("[\"products\", {}]", "the list of images has no products");
	refuses("{\"products\": {}", "the list of images: not JSON from byte 15 on");
	refuses("{\"products\": {]}", "the list of images: not JSON from byte 14 on");
	refuses("{\"products\": {}} x", "the list of images: not JSON from byte 17 on");
	refuses("{\"products\": {\"a\": nothing}}",
	        "the list of images, the product that ends at byte 26: not JSON from byte 6 "
	        "on");
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
