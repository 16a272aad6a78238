#include "lib/text/markup.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

#define PAGE "jlmkr-x(7)\n\n"

static const char *show(struct arena *m, const char *page, size_t width, bool attributes)
{
	struct str out = { .m = m };

	markup_show(&out, page, &(struct markup_style){ width, attributes });
	return str_text(&out);
}

#define SHOWS(page, text) do { \
	AUTOFREE struct arena m = { 0 }; \
	CHECK_STR(show(&m, PAGE page, 20, false), text); \
} while (0)

TEST(headings_and_paragraphs)
{
	SHOWS("# NAME\n\njlmkr-x - what\n\n## Below\ntext\n",
	      "NAME\n\njlmkr-x - what\n\nBelow\ntext\n");
	SHOWS("one two three four five six\n", "one two three four\nfive six\n");
	SHOWS("one\ntwo\n\n\n\nthree", "one two\n\nthree\n");
	SHOWS("12345678901234567890 x", "12345678901234567890\nx\n");
	SHOWS("äöüäöüäöüä äöüäöüäöü x", "äöüäöüäöüä äöüäöüäöü\nx\n");
	SHOWS("first++\nsecond line\n", "first\nsecond line\n");
	SHOWS("first ++\nsecond\n", "first\nsecond\n");
	SHOWS("", "");
}

TEST(comments_are_not_shown)
{
	SHOWS("; try 3\n```\nfalse\n```\n; says x\n", "    false\n");
	SHOWS("a\n; no\nb\n", "a\nb\n");
}

TEST(definitions_and_lists)
{
	SHOWS("*--all*\n\tEvery jail that there is.\n\n*-n*\n\tNow.\n",
	      "--all\n    Every jail that\n    there is.\n\n-n\n    Now.\n");
	SHOWS("- one and a half and more\n- two\n  goes on\n\t- below it all there is\n",
	      "- one and a half and\n  more\n- two goes on\n"
	      "    - below it all\n      there is\n");
	SHOWS(". a\n. b\n\ntext\n\n. c\n", "1. a\n2. b\n\ntext\n\n1. c\n");
}

TEST(literal_blocks_are_as_they_are)
{
	SHOWS("text\n```\n  *no* _markup_ in a line that is long\n\n; x \\\n```\nmore\n",
	      "text\n      *no* _markup_ in a line that is long\n\n    ; x \\\nmore\n");
	SHOWS("```\nnever ended\n", "    never ended\n");
}

TEST(markup_in_words)
{
	SHOWS("*a* _b_ x_y_z pre\\_start \\*c\\* (_d_), *e*f\n",
	      "a b x_y_z pre_start\n*c* (d), ef\n");
}

TEST(attributes_end_with_the_word)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(show(&m, PAGE "*a b* c _d_.\n", 20, true),
	          "\033[1ma\033[0m \033[1mb\033[0m c \033[4md\033[0m.\n");
	CHECK_STR(show(&m, PAGE "*never ended\n\nnext\n", 30, true),
	          "\033[1mnever\033[0m \033[1mended\033[0m\n\nnext\n");
	CHECK_STR(show(&m, PAGE "# ABC\n", 30, true), "\033[1mABC\033[0m\n");
}

TEST(tables_have_columns)
{
	SHOWS("[[ *Name*\n:- what\n|  a\n:  x y\n|  longer\n:  one two three four\n",
	      "Name    what\na       x y\nlonger  one two\n        three four\n");
	SHOWS("|[ a\n:\n:] c\n", "a\n: :] c\n");
	SHOWS("|[ a\n:-\n:] c\n", "a    c\n");
}

TEST(names_of_pages)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(markup_brief(&m, PAGE "# NAME\n\njlmkr-x - what it is\n\n# MORE\n"),
	          "what it is");
	CHECK_STR(markup_brief(&m, PAGE "nothing\n"), "");
}

TEST(escaped_text_is_itself)
{
	AUTOFREE struct arena m = { 0 };
	static const char odd[] = "*a* _b_ \\ | : - . # ; `x` [1] pre_start_hook 1. +";
	struct str page = { .m = &m };

	str_add(&page, PAGE);
	markup_escape(&page, odd);
	CHECK_STR(show(&m, str_text(&page), 79, false), arena_printf(&m, "%s\n", odd));
}
