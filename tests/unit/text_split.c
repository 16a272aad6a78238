#include "lib/text/split.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

/* The words of a text as "LINE:WORD|LINE:WORD|", or why there are none. */
static void splits(enum split_how how, const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct str out = { .m = &m };
	struct err e = { 0 };
	struct split s;

	if (word_split(&m, text, 1, how, &s, &e) < 0) {
		str_add(&out, e.text);
		CHECK_STR(arena_printf(&m, "line %u: %s", s.fault.line, s.fault.text), want);
	} else {
		CHECK(!s.fault.text);
		for (size_t i = 0; i < s.n; i++)
			str_addf(&out, "%u:%s|", s.lines[i], s.v[i]);
	}
	CHECK_STR(str_text(&out), want);
}

TEST(words_as_shlex_has_them)
{
	splits(SPLIT_PLAIN, "", "");
	splits(SPLIT_PLAIN, " \t\r\n ", "");
	splits(SPLIT_PLAIN, "a  b\tc", "1:a|1:b|1:c|");
	splits(SPLIT_PLAIN, "--x='a b'c\"d e\"", "1:--x=a bcd e|");
	splits(SPLIT_PLAIN, "'' \"\"", "1:|1:|");
	splits(SPLIT_PLAIN, "a\\ b \\'", "1:a b|1:'|");
	splits(SPLIT_PLAIN, "'a\\b' \"a\\b\"", "1:a\\b|1:a\\b|");
	splits(SPLIT_PLAIN, "\"a\\\"b\" \"a\\\\b\"", "1:a\"b|1:a\\b|");
	splits(SPLIT_PLAIN, "a # b", "1:a|1:#|1:b|");
	splits(SPLIT_PLAIN, "$X `y` *~", "1:$X|1:`y`|1:*~|");
}

TEST(lines_are_where_words_begin)
{
	splits(SPLIT_PLAIN, "a\n\n 'b\nc' d\ne", "1:a|3:b\nc|4:d|5:e|");
	splits(SPLIT_PLAIN, "a \\\nb c", "1:a|1:\nb|2:c|");
}

TEST(comment_lines_only_between_words)
{
	splits(SPLIT_COMMENTS, "a\n# it's\n  # \"x\nb", "1:a|4:b|");
	splits(SPLIT_COMMENTS, "# a\nb # c", "2:b|2:#|2:c|");
	splits(SPLIT_COMMENTS, "'a\n# b' c", "1:a\n# b|2:c|");
	splits(SPLIT_COMMENTS, "a'b\n' # c", "1:ab\n|2:#|2:c|");
	splits(SPLIT_COMMENTS, "a \\\n# b", "1:a|1:\n#|2:b|");
	splits(SPLIT_COMMENTS, "#", "");
}

TEST(what_is_not_closed_is_told_with_its_line)
{
	splits(SPLIT_PLAIN, "a\n'b\nc", "line 2: the quote ' is not closed");
	splits(SPLIT_PLAIN, "a \"b\\\"", "line 1: the quote \" is not closed");
	splits(SPLIT_PLAIN, "a\nb\\", "line 2: nothing behind a backslash");
	splits(SPLIT_PLAIN, "\"b\\", "line 1: the quote \" is not closed");
}

static void quotes(const char *word, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct str out = { .m = &m };
	struct split back;

	word_quote(&out, word);
	CHECK_STR(str_text(&out), want);
	CHECK_INT(word_split(&m, str_text(&out), 1, SPLIT_COMMENTS, &back, NULL), 0);
	CHECK_INT(back.n, 1);
	CHECK_STR(back.v[0], word);
}

TEST(quotes_only_when_needed)
{
	quotes("--bind=/mnt/a:/b", "--bind=/mnt/a:/b");
	quotes("a,b@c%d+e_f.g-h", "a,b@c%d+e_f.g-h");
	quotes("", "''");
	quotes("#a", "'#a'");
	quotes("it's", "'it'\\''s'");
	quotes("--bind=/my media:/m", "--bind='/my media:/m'");
	quotes("-a b", "'-a b'");
	quotes("A=b c", "'A=b c'");
	quotes("-$x=b c", "'-$x=b c'");
	quotes("a\nb", "'a''\n''b'");
	quotes("m\xc3\xbcll", "'m\xc3\xbcll'");
}

TEST(a_list_is_joined_by_blanks)
{
	AUTOFREE struct arena m = { 0 };
	char one[] = "a b", two[] = "", three[] = "c";
	char *list[] = { one, two, three, NULL }, *none[] = { NULL };

	CHECK_STR(words_quoted(&m, list), "'a b' '' c");
	CHECK_STR(words_quoted(&m, none), "");
}
