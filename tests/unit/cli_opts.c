#include "lib/cli/applet.h"

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/text/split.h"
#include "tests/unit/test.h"

const struct applet *const applets[] = { NULL };

struct all_args {
	bool flag, other;
	const char *text, *named, *on;
	long number, usual;
	struct words list;
};

#define OPT_INTO all_args
static const struct opt all_opts[] = {
	OPT_FLAG('f', "flag", flag, ""),
	OPT_FLAG(0, "other", other, ""),
	OPT_TEXT('t', "text", text, "TEXT", ""),
	OPT_TEXT(0, "named", named, "NAME", ""),
	OPT_SWITCH("o", "on", on, ""),
	OPT_NUMBER('n', "number", number, "N", ""),
	OPT_NUMBER(0, "usual", usual, "N", ""),
	OPT_LIST('l', "list", list, "WORD", ""),
	OPT_END
};

static const struct applet all = {
	.name = "all",
	.opts = all_opts,
	.defaults = &(const struct all_args){ .named = "usual", .usual = 90 },
	.args_size = sizeof(struct all_args),
	.max = 0,
};

static const char *rendered(struct arena *m, const struct all_args *args)
{
	struct words w = { .m = m };

	opts_words(&all, args, &w);
	return words_quoted(m, words_list(&w));
}

TEST(options_become_words_that_give_them_again)
{
	AUTOFREE struct arena m = { 0 };
	char *const argv[] = { "-f", "--text=a b", "-o=1", "-n", "7", "-la", "--list", "b",
	                       NULL };
	const char *want = "--flag --text='a b' --on=1 --number=7 --list=a --list=b";
	struct common_args common = { 0 };
	struct all_args first = { 0 }, second = { 0 };
	struct words w = { .m = &m };

	CHECK(opts_parse(&m, &all, argv, &first, &common, NULL) != NULL);
	CHECK_STR(rendered(&m, &first), want);
	opts_words(&all, &first, &w);
	CHECK(opts_parse(&m, &all, words_list(&w), &second, &common, NULL) != NULL);
	CHECK_STR(rendered(&m, &second), want);
}

TEST(what_is_as_usual_is_not_said)
{
	AUTOFREE struct arena m = { 0 };
	char *const argv[] = { "--named=else", NULL }, *const none[] = { NULL };
	struct common_args common = { 0 };
	struct all_args args = { 0 };

	CHECK(opts_parse(&m, &all, none, &args, &common, NULL) != NULL);
	CHECK_STR(rendered(&m, &args), "");
	CHECK(opts_parse(&m, &all, argv, &args, &common, NULL) != NULL);
	CHECK_STR(rendered(&m, &args), "--named=else");
}

static const struct applet passes = {
	.name = "passes",
	.min = 1,
	.max = -1,
	.rest = true,
	.foreign = "-o -n# --lines# --output",
};

static void is_passed(char *const *argv, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct common_args common = { 0 };
	char **operands = opts_parse(&m, &passes, argv, NULL, &common, NULL);

	CHECK(operands != NULL);
	CHECK_STR(words_quoted(&m, operands), want);
}

TEST(options_of_another_program_may_stand_before_the_name)
{
	is_passed((char *[]){ "-F", "web", "-n", "5", NULL }, "web -F -n 5");
	is_passed((char *[]){ "-o", "json", "-Fo", "cat", "web", NULL }, "web -o json -Fo cat");
	is_passed((char *[]){ "-n", "5", "web", NULL }, "web -n 5");
	is_passed((char *[]){ "-n", "web", "-F", NULL }, "web -n -F");
	is_passed((char *[]){ "--lines", "5", "--output=x", "--output", "y", "web", NULL },
	          "web --lines 5 --output=x --output y");
	is_passed((char *[]){ "-f", "--since=today", "web", NULL }, "web -f --since=today");
	is_passed((char *[]){ "-F", "--", "web", "-x", NULL }, "web -F -x");
}
