#include "lib/text/json.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static struct json *open_text(const char *text)
{
	struct err e = { 0 };
	struct json *root = json_open(text, strlen(text), &e);

	CHECK_STR(e.text, "");
	return root;
}

TEST(looking_at_a_tree)
{
	AUTOJSON struct json *root = open_text(
		" {\"a\": {\"b\": \"text\"}, \"n\": 12, \"l\": [1, 2], \"z\": null} \n");
	const struct json *v;
	uint64_t n;

	CHECK(json_is_object(root));
	CHECK_STR(json_text(json_get(json_get(root, "a"), "b")), "text");
	CHECK(json_uint(json_get(root, "n"), &n) && n == 12);
	v = json_first(root);
	CHECK_STR(json_key(v), "a");
	CHECK_STR(json_key(json_next(v)), "n");
	v = json_first(json_get(root, "l"));
	CHECK(json_uint(v, &n) && n == 1);
	CHECK(json_uint(json_next(v), &n) && n == 2);
	CHECK(!json_next(json_next(v)));
}

TEST(what_is_not_there)
{
	AUTOJSON struct json *root = open_text("{\"a\": \"text\", \"A\": 1}");
	uint64_t n;

	CHECK(!json_get(root, "b") && !json_get(NULL, "b"));
	CHECK(!json_get(json_get(root, "a"), "b"));
	CHECK(!json_text(json_get(root, "A")) && !json_text(NULL));
	CHECK(!json_uint(json_get(root, "a"), &n) && !json_uint(NULL, &n));
	CHECK(!json_first(json_get(root, "a")) && !json_first(NULL) && !json_next(NULL));
	CHECK(!json_is_object(NULL));
	CHECK_STR(json_key(NULL), "");
}

TEST(whole_numbers)
{
	AUTOJSON struct json *root =
		open_text("[0, 9007199254740992, 1e3, -1, 1.5, 1e300, 1e17]");
	const struct json *v = json_first(root);
	uint64_t n;

	CHECK(json_uint(v, &n) && n == 0);
	CHECK(json_uint(v = json_next(v), &n) && n == UINT64_C(9007199254740992));
	CHECK(json_uint(v = json_next(v), &n) && n == 1000);
	for (v = json_next(v); v; v = json_next(v))
		CHECK(!json_uint(v, &n));
}

static void refuses(const char *text, size_t n, const char *want)
{
	struct err e = { 0 };
	AUTOJSON struct json *root = json_open(text, n, &e);

	CHECK(!root);
	CHECK_STR(e.text, want);
	CHECK_INT(e.kind, ERR_INPUT);
}

TEST(what_is_no_json)
{
	refuses("", 0, "not JSON from byte 0 on");
	refuses("{\"a\": 1", 7, "not JSON from byte 6 on");
	refuses("{} x", 4, "not JSON from byte 2 on");
	refuses("{}\0", 3, "not JSON from byte 2 on");
	refuses("<html>", 6, "not JSON from byte 0 on");
}

TEST(bounds)
{
	AUTOFREE struct arena m = { 0 };
	struct str deep = { .m = &m }, wide = { .m = &m };
	int i;

	for (i = 0; i <= JSON_DEPTH_MAX; i++)
		str_addc(&deep, '[');
	refuses(deep.s, deep.len, "JSON of more than 64 levels");
	str_addc(&wide, '[');
	for (i = 0; i < JSON_VALUES_MAX; i++)
		str_add(&wide, "0,");
	refuses(wide.s, wide.len, "JSON of more than 1000000 values");
}

TEST(brackets_in_texts_do_not_count)
{
	AUTOJSON struct json *root =
		open_text("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	                  "[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[\", 1]");

	CHECK(root);
}

TEST(writing)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct json_out o = { .to = &s };

	json_array(&o, NULL);
	json_object(&o, NULL);
	json_add_text(&o, "name", "a\"b\\c\nd\te\x01\x7f");
	json_add_text(&o, "none", NULL);
	json_add_int(&o, "n", -5);
	json_array(&o, "l");
	json_add_bool(&o, NULL, true);
	json_add_bool(&o, NULL, false);
	json_end(&o, ']');
	json_object(&o, "empty");
	json_end(&o, '}');
	json_end(&o, '}');
	json_add_int(&o, NULL, INT64_MIN);
	json_end(&o, ']');
	CHECK_STR(str_text(&s),
	          "[{\"name\":\"a\\\"b\\\\c\\nd\\te\\u0001\\u007f\",\"none\":null,"
	          "\"n\":-5,\"l\":[true,false],\"empty\":{}},-9223372036854775808]");
}

TEST(texts_that_would_steer_a_terminal)
{
	static const char steering[] = "\xc2\x9b\xe2\x80\xa8\xf3\xa0\x81\x81\xc3\xa4";
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct json_out o = { .to = &s };
	AUTOJSON struct json *root = NULL;

	json_object(&o, NULL);
	json_add_text(&o, "a\xe2\x80\xae", steering);
	json_end(&o, '}');
	CHECK_STR(str_text(&s), "{\"a\\u202e\":\"\\u009b\\u2028\\udb40\\udc41\xc3\xa4\"}");
	root = open_text(str_text(&s));
	CHECK_STR(json_text(json_get(root, "a\xe2\x80\xae")), steering);
}

TEST(texts_that_are_not_utf8)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct json_out o = { .to = &s };

	json_add_text(&o, NULL,
	              "\xc3\xa4\xff\xc3(\xe2\x82\xed\xa0\x80\xf0\x9f\x98\x80\xc0\x80\xe2");
	CHECK_STR(str_text(&s), "\"\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd"
	          "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd"
	          "\xef\xbf\xbd\"");
}
