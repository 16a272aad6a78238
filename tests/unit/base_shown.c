#include "lib/base/shown.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "tests/unit/test.h"

static struct arena m;

TEST(plain_text_is_shown_as_it_is)
{
	static const char text[] =
		"web-1 \xc3\xa4 \xe2\x82\xac \xe2\x80\xa6 \xf0\x9f\x98\x80 C:\\new 'x'";

	CHECK(shown(&m, text) == text);
	CHECK_STR(shown(&m, ""), "");
}

TEST(control_characters)
{
	CHECK_STR(shown(&m, "a\nb\tc\rd"), "a\\nb\\tc\\rd");
	CHECK_STR(shown(&m, "\033[2J\a\b\x7f"), "\\x1b[2J\\x07\\x08\\x7f");
	/* CSI and OSC in their one-character form */
	CHECK_STR(shown(&m, "\xc2\x9b" "2J\xc2\x9d" "0;title\xc2\x9c"),
	          "\\u009b2J\\u009d0;title\\u009c");
	CHECK_STR(shown(&m, "\xc2\x80\xc2\xa0"), "\\u0080\xc2\xa0");
}

TEST(characters_that_lead_the_eye_astray)
{
	CHECK_STR(shown(&m, "\xe2\x80\xaegpj"), "\\u202egpj");
	CHECK_STR(shown(&m, "\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"),
	          "\\u2066\\u2069\\u200e\\u200f\\u061c");
	CHECK_STR(shown(&m, "\xe2\x80\x8b\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf"),
	          "\\u200b\\u2028\\u2029\\ufeff");
	CHECK_STR(shown(&m, "\xf3\xa0\x81\x81"), "\\U000e0041");
}

TEST(what_is_not_utf8)
{
	CHECK_STR(shown(&m, "\x9b" "2J"), "\\x9b2J");
	CHECK_STR(shown(&m, "\xc0\x80|\xc1\xbf|\xe0\x9f\xbf"),
	          "\\xc0\\x80|\\xc1\\xbf|\\xe0\\x9f\\xbf");
	CHECK_STR(shown(&m, "\xed\xa0\x80|\xf4\x90\x80\x80"),
	          "\\xed\\xa0\\x80|\\xf4\\x90\\x80\\x80");
	CHECK_STR(shown(&m, "\xff|\xe2\x82"), "\\xff|\\xe2\\x82");
	CHECK_STR(shown(&m, "\xe2\x82\xe2\x82\xac"), "\\xe2\\x82\xe2\x82\xac");
}

TEST(shown_twice_is_shown_once)
{
	const char *once = shown(&m, "\033]0;\xc2\x9b\xff\n");

	CHECK_STR(shown(&m, once), once);
}

static bool is_dangerous(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

TEST(the_whole_of_unicode)
{
	char s[8] = "", out[SHOWN_MAX + 1];
	uint32_t c;
	size_t n;

	for (uint32_t i = 0; i < 0x110000; i++) {
		if (i < 0x80) s[0] = (char)i, n = 1;
		else if (i < 0x800) s[0] = (char)(0xc0 | i >> 6), n = 2;
		else if (i < 0x10000) s[0] = (char)(0xe0 | i >> 12), n = 3;
		else s[0] = (char)(0xf0 | i >> 18), n = 4;
		for (size_t k = 1; k < n; k++)
			s[k] = (char)(0x80 | (i >> 6 * (n - 1 - k) & 0x3f));
		if (!utf8_next(s, n, &c)) continue;
		CHECK_INT(shown_next(s, n, out), n);
		if (shown_plain(i)) CHECK(strlen(out) == n && !memcmp(out, s, n));
		else CHECK(*out == '\\' &&
		           strspn(out, "\\ntruxU0123456789abcdef") == strlen(out));
		CHECK(!is_dangerous(i) || !shown_plain(i));
		CHECK(i < 0x20 || i >= 0x7f || shown_plain(i));
	}
}

TEST(a_copy_is_cut_between_characters)
{
	char out[8];

	CHECK_INT(shown_copy(out, sizeof out, "abc\033d"), 7);
	CHECK_STR(out, "abc\\x1b");
	CHECK_INT(shown_copy(out, sizeof out, "abcd\033"), 4);
	CHECK_STR(out, "abcd");
	CHECK_INT(shown_copy(out, sizeof out, "12345\xe2\x82\xac"), 5);
	CHECK_STR(out, "12345");
	CHECK_INT(shown_copy(out, 1, "x"), 0);
	CHECK_STR(out, "");
}

TEST(width_counts_characters)
{
	CHECK_INT(shown_width("\xc3\xa4\xe2\x82\xac" "x"), 3);
	CHECK_INT(shown_width(shown(&m, "\xc2\x9b")), 6);
}

static const char *json(const char *text)
{
	struct str s = { .m = &m };

	str_add_json(&s, text);
	return str_text(&s);
}

TEST(strings_of_json)
{
	CHECK_STR(json("a\"b\\c\nd\te\x01\x7f"), "\"a\\\"b\\\\c\\nd\\te\\u0001\\u007f\"");
	CHECK_STR(json("\xc2\x9b\xe2\x80\xae\xe2\x80\xa8"), "\"\\u009b\\u202e\\u2028\"");
	CHECK_STR(json("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"");
	CHECK_STR(json("\xff\xc3\xa4\xed\xa0\x80"),
	          "\"\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}
