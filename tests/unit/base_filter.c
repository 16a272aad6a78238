#include "lib/base/filter.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static struct arena m;

/* What becomes of a text that comes in pieces of `size` bytes. */
static const char *filtered(const char *text, size_t size, bool colours)
{
	struct filter f = { .colours = colours, .returns = colours };
	struct str out = { .m = &m };
	size_t left = strlen(text), n;

	for (; left; text += n, left -= n) {
		n = left < size ? left : size;
		filter_add(&f, text, n, &out);
	}
	filter_end(&f, &out);
	return str_text(&out);
}

/* The same in all ways of cutting it. */
static void check(const char *text, const char *want)
{
	for (size_t size = 1; size < strlen(text) + 2; size++)
		CHECK_STR(filtered(text, size, true), want);
}

TEST(lines_and_colours_pass)
{
	static const char lines[] = "one\r\n\ttwo \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n";
	static const char colours[] = "\033[1;31mred\033[0m \033[38:5:4mblue\033[m\n";

	check(lines, lines);
	check(colours, colours);
	check("", "");
}

TEST(all_else_is_spelled_out)
{
	check("\033]0;title\a", "\\x1b]0;title\\x07");
	check("\033[2J\033[1A\033[?25l", "\\x1b[2J\\x1b[1A\\x1b[?25l");
	check("\033[>4m\033c\b\v", "\\x1b[>4m\\x1bc\\x08\\x0b");
	check("\xc2\x9b" "2J\xff\xe2\x80\xae", "\\u009b2J\\xff\\u202e");
	check("\xe2\x82\xe2\x82\xac\xf0\x9f", "\\xe2\\x82\xe2\x82\xac\\xf0\\x9f");
}

TEST(colours_end_with_the_stream)
{
	check("\033[8mhidden", "\033[8mhidden\033[m");
	check("\033[31", "\\x1b[31");
	check("\033", "\\x1b");
}

TEST(a_sequence_that_is_too_long_is_none)
{
	char text[200] = "\033[", want[200] = "\\x1b[";

	memset(text + 2, '1', 100);
	strcat(text, "m");
	memset(want + 5, '1', 100);
	strcat(want, "m");
	check(text, want);
}

TEST(without_colours_and_returns)
{
	CHECK_STR(filtered("\033[31mred\033[m\rblue\n", 3, false), "red\\rblue\n");
}

TEST(zero_bytes)
{
	struct filter f = { 0 };
	struct str out = { .m = &m };

	filter_add(&f, "a\0b", 3, &out);
	filter_end(&f, &out);
	CHECK_STR(str_text(&out), "a\\x00b");
}
