#include "lib/base/str.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "tests/unit/test.h"

TEST(text_grows_and_stays_terminated)
{
	struct arena m = { 0 };
	struct str s = { .m = &m };

	CHECK_STR(str_text(&s), "");
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i % 10);
	CHECK_INT(s.len, 2000);
	CHECK_INT(strlen(str_text(&s)), 2000);
	str_addn(&s, "a\0b", 3);
	CHECK_INT(s.len, 2003);
	arena_free(&m);
}

TEST(words_end_with_null)
{
	struct arena m = { 0 };
	struct words w = { .m = &m };
	char word[] = "same";

	CHECK(words_list(&w)[0] == NULL);
	for (int i = 0; i < 40; i++)
		words_add(&w, word);
	word[0] = 'l';
	CHECK_INT(w.n, 40);
	CHECK_STR(w.v[39], "same");
	CHECK(w.v[40] == NULL);
	arena_free(&m);
}

TEST(arena_serves_small_and_large)
{
	struct arena m = { 0 };
	char *small = arena_strdup(&m, "small"), *large = arena_alloc(&m, 1 << 20), *next;

	memset(large, 'x', 1 << 20);
	next = arena_strndup(&m, "next one", 4);
	CHECK_STR(small, "small");
	CHECK_STR(next, "next");
	CHECK(next - small < 64);	/* the current block goes on being filled */
	CHECK_STR(arena_printf(&m, "%s-%d", "a", 7), "a-7");
	arena_free(&m);
	CHECK(m.blocks == NULL);
}

static const char *meant(const char *word, const char *a, const char *b)
{
	struct nearest n = { .word = word };

	nearest_offer(&n, a);
	nearest_offer(&n, b);
	return n.best ? n.best : "";
}

TEST(nearest_names_what_was_meant)
{
	CHECK_STR(meant("strat", "start", "stop"), "start");
	CHECK_STR(meant("sotp", "start", "stop"), "stop");
	CHECK_STR(meant("lst", "list", "log"), "list");
	CHECK_STR(meant("xyzzy", "start", "stop"), "");
	CHECK_STR(meant("", "start", "a"), "a");
}

TEST(a_character_is_counted)
{
	CHECK_INT(str_count("", '\n'), 0);
	CHECK_INT(str_count("a\nb\n\n", '\n'), 3);
	CHECK_INT(str_count("a\nb", 'c'), 0);
}
