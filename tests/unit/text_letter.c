#include "lib/text/letter.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static int parse(struct arena *m, const char *text, struct letter *l)
{
	struct err e = { 0 };
	int rc = letter_parse(m, text, strlen(text), l, &e);

	CHECK_INT(e.kind, rc < 0 ? ERR_NETWORK : ERR_NONE);
	return rc;
}

TEST(a_head_is_read_as_it_was_written)
{
	unsigned char head[LETTER_HEAD];
	enum letter_kind kind;
	struct err e = { 0 };
	size_t n;

	letter_head(LETTER_DATA, 0x012345, head);
	CHECK_INT(letter_read_head(head, "DEX", &kind, &n, &e), 0);
	CHECK_INT(kind, LETTER_DATA);
	CHECK_INT(n, 0x012345);
}

TEST(heads_of_other_kinds_and_of_too_much_are_refused)
{
	unsigned char head[LETTER_HEAD];
	enum letter_kind kind;
	struct err e = { 0 };
	size_t n;

	letter_head(LETTER_COMMAND, 10, head);
	CHECK_INT(letter_read_head(head, "DEX", &kind, &n, &e), -1);
	CHECK_INT(e.kind, ERR_NETWORK);
	letter_head(0, 0, head);
	CHECK_INT(letter_read_head(head, "DEX", &kind, &n, &e), -1);
	letter_head(LETTER_DATA, LETTER_DATA_MAX + 1, head);
	CHECK_INT(letter_read_head(head, "DEX", &kind, &n, &e), -1);
	letter_head(LETTER_END, 1, head);
	CHECK_INT(letter_read_head(head, "DEX", &kind, &n, &e), -1);
	memset(head, 0xff, sizeof head);
	head[0] = LETTER_ANSWER;
	CHECK_INT(letter_read_head(head, "AF", &kind, &n, &e), -1);
}

TEST(a_body_is_lines_of_keys_and_values)
{
	AUTOFREE struct arena m = { 0 };
	struct str b = { .m = &m };
	struct letter l;
	struct err e = { 0 };
	uint64_t n;

	letter_add(&b, "receive", "");
	letter_add(&b, "label", "auto-2026 a");
	letter_add_number(&b, "guid", UINT64_MAX);
	letter_add(&b, "text", "two\nlines\x1b[31m");
	CHECK_INT(parse(&m, str_text(&b), &l), 0);
	CHECK_INT(l.n, 4);
	CHECK_STR(l.v[0].key, "receive");
	CHECK_STR(letter_get(&l, "label"), "auto-2026 a");
	CHECK_STR(letter_get(&l, "text"), "two lines [31m");
	CHECK(!letter_get(&l, "more"));
	CHECK_INT(letter_number(&l, "guid", &n, &e), 0);
	CHECK(n == UINT64_MAX);
	CHECK_INT(letter_number(&l, "label", &n, &e), -1);
	CHECK_INT(letter_number(&l, "more", &n, &e), -1);
}

TEST(a_body_that_is_none)
{
	static const char *const bad[] = {
		"", "\n", "look", "look\nmore", " look\n", "LOOK\n", "a.b c\n", "look a\tb\n",
		"look a\x1b[1m\n", "look a\x7f\n", "look a\r\n", "abcdefghijklmnopq r\n",
		"look\n\nname web\n",
	};
	AUTOFREE struct arena m = { 0 };
	struct letter l;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(parse(&m, bad[i], &l), -1);
	CHECK_INT(letter_parse(&m, "look a\0b\n", 9, &l, &e), -1);
}

TEST(numbers)
{
	static const char *const bad[] = {
		"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616",
		"99999999999999999999", "111111111111111111111",
	};
	uint64_t n;

	CHECK(letter_is_number("0", &n) && n == 0);
	CHECK(letter_is_number("18446744073709551615", &n) && n == UINT64_MAX);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!letter_is_number(bad[i], &n));
}

TEST(labels_and_tokens)
{
	static const char *const bad[] = {
		"", "-r", "a/b", "a@b", "a,b", "a%b", "a\nb", " a", "../x", "\xc3\xa4",
	};
	char longer[300];

	memset(longer, 'a', sizeof longer);
	longer[sizeof longer - 1] = 0;
	CHECK(letter_is_label("copy-01234567-2026-11-26T12-00-00Z"));
	CHECK(letter_is_label("auto-2026 a"));
	CHECK(letter_is_label("."));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!letter_is_label(bad[i]));
	CHECK(!letter_is_label(longer));
	CHECK(letter_is_token("1-ce0bd1c33-c0-789c"));
	CHECK(!letter_is_token(""));
	CHECK(!letter_is_token("-t"));
	CHECK(!letter_is_token("1-ce0 x"));
	CHECK(!letter_is_token("1-CE0"));
}

TEST(both_sides_have_to_be_the_same)
{
	struct err e = { 0 };

	CHECK_INT(letter_check_hello("jlmkr-copy 1 0.1.0", "0.1.0", &e), 0);
	CHECK_INT(letter_check_hello("jlmkr-copy 1 0.2.0", "0.1.0", &e), -1);
	CHECK_STR(e.text, "the other side has jlmkr 0.2.0, and this is 0.1.0: both must be the "
	          "same; --send-binary brings this one for the time of the command");
	CHECK_INT(letter_check_hello("jlmkr-copy 2 0.1.0", "0.1.0", &e), -1);
	CHECK_INT(e.kind, ERR_HOST);
	CHECK_INT(letter_check_hello("jlmkr-copy 1", "0.1.0", &e), -1);
	CHECK_INT(letter_check_hello("Welcome\x1b[2J to nas2", "0.1.0", &e), -1);
	CHECK_INT(e.kind, ERR_NETWORK);
	CHECK(!strchr(e.text, '\x1b'));
}
