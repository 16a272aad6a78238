#include "lib/text/ini.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

/* Arena, reader and text of one case. */
struct read {
	struct arena m;
	struct ini ini;
	struct err e;
	int rc;
};

static void drop(struct read *r)
{
	arena_free(&r->m);
}

#define READ __attribute__((cleanup(drop))) struct read

static void parse(struct read *r, const char *text)
{
	memset(r, 0, sizeof *r);
	ini_parse(&r->m, text, strlen(text), &r->ini);
	r->rc = faults_fail(&r->ini.faults, &r->e);
}

static const char *value(const struct read *r, const char *key)
{
	const struct ini_entry *entry = ini_find(&r->ini, key);

	return entry ? entry->value ? entry->value : "(alone)" : "(absent)";
}

static unsigned line(const struct read *r, const char *key)
{
	const struct ini_entry *entry = ini_find(&r->ini, key);

	return entry ? entry->line : 0;
}

TEST(keys_are_cut_and_lowered)
{
	READ r;

	parse(&r, "Startup = 1\nb:x=y\nc=x:y\n  \nlonely\nd =\n");
	CHECK_INT(r.rc, 0);
	CHECK_STR(value(&r, "startup"), "1");
	CHECK_STR(value(&r, "b"), "x=y");
	CHECK_STR(value(&r, "c"), "x:y");
	CHECK_STR(value(&r, "lonely"), "(alone)");
	CHECK_STR(value(&r, "d"), "");
	CHECK_STR(value(&r, "Startup"), "(absent)");
	CHECK_INT(line(&r, "lonely"), 5);
}

TEST(values_go_on_while_indented)
{
	READ r;

	parse(&r, "a=one\n  two  \n\n\t three\n\n\nb=\n  #!/bin/sh\n\n");
	CHECK_INT(r.rc, 0);
	CHECK_STR(value(&r, "a"), "one\ntwo\n\nthree");
	CHECK_STR(value(&r, "b"), "\n#!/bin/sh");
	CHECK_INT(line(&r, "b"), 7);
}

TEST(only_column_zero_makes_a_comment)
{
	READ r;

	parse(&r, "a=1\n  # text\n# comment\n  b=of the comment\n\n  c=too\n"
	      "d=2 # text ; text\n; e\n");
	CHECK_INT(r.rc, 0);
	CHECK_STR(value(&r, "a"), "1\n# text");
	CHECK_STR(value(&r, "b"), "(absent)");
	CHECK_STR(value(&r, "c"), "(absent)");
	CHECK_STR(value(&r, "d"), "2 # text ; text");
	CHECK_STR(value(&r, "; e"), "(alone)");
}

TEST(deeper_is_what_counts)
{
	READ r;

	parse(&r, "    a=1\n  b=2\n\tc=3\n\t d=4\n");
	CHECK_STR(value(&r, "a"), "1");
	CHECK_STR(value(&r, "b"), "2");
	CHECK_STR(value(&r, "c"), "3\nd=4");
}

TEST(every_kind_of_line_end)
{
	READ r;

	parse(&r, "a=1\r\n  x\r\n\r\n  y\r\nb=2\rc=3\n\rd=4");
	CHECK_INT(r.rc, 0);
	CHECK_STR(value(&r, "a"), "1\nx\n\ny");
	CHECK_STR(value(&r, "b"), "2");
	CHECK_INT(line(&r, "b"), 5);
	CHECK_INT(line(&r, "d"), 8);
}

TEST(sections_hide_and_default_helps_out)
{
	READ r;

	parse(&r, "a=1\n[x]\na=2\nb=3\n[DEFAULT]\na=4\nc=5\n[DEFAULT] again\nd=6\n");
	CHECK_INT(r.rc, 0);
	CHECK_STR(value(&r, "a"), "1");
	CHECK_STR(value(&r, "b"), "(absent)");
	CHECK_STR(value(&r, "c"), "5");
	CHECK_STR(value(&r, "d"), "6");
}

TEST(unicode_space_is_space)
{
	READ r;

	parse(&r, "a\xc2\xa0=\xe3\x80\x80x\xc2\x85\n\xc2\xa0y\n");
	CHECK_STR(value(&r, "a"), "x\ny");
}

static void refused(const char *text, size_t len, const char *why)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct ini ini;

	ini_parse(&m, text, len, &ini);
	CHECK_INT(faults_fail(&ini.faults, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_STR(e.text, why);
}

TEST(faults_name_the_line)
{
	refused("a=1\nb=2\nA : 3\n", 14, "line 3: 'a' was given before, in line 1");
	refused("a=1\n\n=2\n", 8, "line 3: '=' without a key before it");
	refused("a=1\nb\n  c\n", 10, "line 3: continues 'b', which has no '='");
	refused("[x]\n[y]\n[x]\n", 12, "line 3: [x] was given before, in line 1");
	refused("a=1\nb=\xff\n", 8, "line 2: bytes that are not UTF-8");
	refused("a=1\nb=\xed\xa0\x80\n", 10, "line 2: bytes that are not UTF-8");
	refused("a=1\nb=x\0y\n", 10, "line 2: a NUL byte");
	refused("=\nb\n c\nd=1\nd=1\n", 15, "line 1: '=' without a key before it");
}

static void becomes(const char *text, const char *key, const char *new, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	char *out = new ? ini_set(&m, text, strlen(text), key, new, &e)
	                : ini_unset(&m, text, strlen(text), key, &e);

	if (!out) printf("%s\n", e.text);
	CHECK_STR(out, want);
}

TEST(set_changes_one_value)
{
	becomes("# c\na = 1  \n\nb=2\n", "a", "7", "# c\na = 7  \n\nb=2\n");
	becomes("a=1\n    x\n\n    y\n\nb=2\n", "a", "7", "a=7\n\nb=2\n");
	becomes("a=\nb=2", "a", "7", "a=7\nb=2");
	becomes("a\nb=2", "a", "7", "a=7\nb=2");
	becomes("a=1\n", "a", "", "a=\n");
	becomes("a : 1\r\nb : 2\r\n", "a", "3", "a : 3\r\nb : 2\r\n");
}

TEST(set_keeps_the_indentation)
{
	becomes("a=1\n\tx\n  y\nb=2\n", "a", "u\nv\n\nw", "a=u\n\tv\n\n\tw\nb=2\n");
	becomes("a=1\nb=2\n", "a", "u\nv", "a=u\n    v\nb=2\n");
	becomes("  a=1\r\n  b=2\r\n", "a", "u\nv", "  a=u\r\n      v\r\n  b=2\r\n");
}

TEST(set_adds_what_is_not_there)
{
	becomes("", "a", "1", "a=1\n");
	becomes("b=2", "a", "1\n2", "b=2\na=1\n    2\n");
	becomes("b=2\r\n", "a", "1", "b=2\r\na=1\r\n");
	becomes("b=2\n[x]\na=3\n", "a", "1", "b=2\na=1\n[x]\na=3\n");
	becomes("  [x]\na=3\n", "a", "1\n2", "  a=1\n      2\n  [x]\na=3\n");
}

TEST(set_refuses_what_would_not_read_back)
{
	static const char *const values[] = { " a", "a ", "a\n b", "a\n", "a\r", "a\xff",
	                                      "\xc2\xa0" };
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		CHECK(!ini_set(&m, "a=1\n", 4, "a", values[i], &e));
	CHECK(!ini_set(&m, "a=1\na=2\n", 8, "b", "1", &e));
	CHECK_STR(e.text, "line 2: 'a' was given before, in line 1");
}

TEST(unset_takes_the_lines_out)
{
	becomes("# c\na=1\n  2\n\nb=2\n", "a", NULL, "# c\n\nb=2\n");
	becomes("b=2\na=1", "a", NULL, "b=2\n");
	becomes("b=2\n", "a", NULL, "b=2\n");
}

TEST(many_keys_take_no_time)
{
	AUTOFREE struct arena m = { 0 };
	struct str text = { .m = &m };
	struct ini ini;

	for (int i = 0; i < 50000; i++)
		str_addf(&text, "k%d\n", i);
	ini_parse(&m, str_text(&text), text.len, &ini);
	CHECK_INT(ini.n, 50000);
	CHECK_INT(ini.faults.n, 0);
}
