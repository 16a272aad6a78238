#include "lib/text/yaml.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

/* The tree in one line: {key=<text> ...} and [<text> ...]. */
static void write_tree(struct str *s, const struct yaml *v)
{
	if (v->text) {
		str_addf(s, "<%s>", v->text);
		return;
	}
	str_addc(s, v->is_map ? '{' : '[');
	for (const struct yaml *c = v->first; c; c = c->next) {
		if (c != v->first) str_addc(s, ' ');
		if (c->key) str_addf(s, "%s=", c->key);
		write_tree(s, c);
	}
	str_addc(s, v->is_map ? '}' : ']');
}

static void reads(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct err e = { 0 };
	struct yaml *v = yaml_parse(&m, text, strlen(text), &e);

	CHECK_STR(e.text, "");
	if (v) write_tree(&s, v);
	CHECK_STR(str_text(&s), want);
}

static void refuses(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };

	CHECK(!yaml_parse(&m, text, strlen(text), &e));
	CHECK_STR(e.text, want);
	CHECK_INT(e.kind, ERR_INPUT);
}

TEST(mappings_and_sequences)
{
	reads("", "<>");
	reads("# only this\n", "<>");
	reads("a: 1", "{a=<1>}");
	reads("---\na: 1\n", "{a=<1>}");
	reads("a: 1\n...\n", "{a=<1>}");
	reads("a: 1\r\nb: x y # no\r\n", "{a=<1> b=<x y>}");
	reads("a:\n  b: 1\n  c:\n    d: 2\ne: 3\n", "{a={b=<1> c={d=<2>}} e=<3>}");
	reads("a:\nb: 1\n", "{a=<> b=<1>}");
	reads("a:\n- x\n- y\nb: 1\n", "{a=[<x> <y>] b=<1>}");
	reads("a:\n  - x\n  -\n  - y: 1\n    z: 2\n  - - p\n    - q\n",
	      "{a=[<x> <> {y=<1> z=<2>} [<p> <q>]]}");
	reads("\n# c\na: 1\n\n  # c\n\nb: 2", "{a=<1> b=<2>}");
	reads("/etc/hosts: x\n\"q k\" : y\n'it''s': z\n", "{/etc/hosts=<x> q k=<y> it's=<z>}");
}

TEST(flow_style_and_json)
{
	reads("{}", "{}");
	reads("a: {}\nb: []\n", "{a={} b=[]}");
	reads("a: [create, copy]\nb: {c: 1, d: [x,], e: }\n",
	      "{a=[<create> <copy>] b={c=<1> d=[<x>] e=<>}}");
	reads("{\"a\":1,\"b\":{\"c\":[true,\"x\"]},\n \"d\":\"\"}",
	      "{a=<1> b={c=[<true> <x>]} d=<>}");
	reads("a: [ x, # c\n     y ]\nb: 1", "{a=[<x> <y>] b=<1>}");
}

TEST(scalars)
{
	reads("a: http://h:80/#x y#z", "{a=<http://h:80/#x y#z>}");
	reads("a: one\n  two\n\n  three\nb: 4", "{a=<one two\nthree> b=<4>}");
	reads("a: \"x\\ty\\u00e9\\x41\\\\ \\\"\"", "{a=<x\ty\u00e9" "A\\ \">}");
	reads("a: \"one\n  two \\\n  three\"", "{a=<one two three>}");
	reads("a: 'it''s #1: x'", "{a=<it's #1: x>}");
	reads("a: -1\nb: ?x\nc: :y", "{a=<-1> b=<?x> c=<:y>}");
	reads("a: |\n  one\n   two\n\n  three\nb: 1", "{a=<one\n two\n\nthree\n> b=<1>}");
	reads("a: |-\n  one\nb: 1", "{a=<one> b=<1>}");
	reads("a: >\n  one\n  two\n\n  three\n", "{a=<one two\nthree\n>}");
	reads("a: |2-\n   one\n", "{a=< one>}");
	reads("a: |\nb: 1\n", "{a=<> b=<1>}");
	reads("- |\n x\n- y", "[<x\n> <y>]");
}

TEST(what_is_refused)
{
	refuses("a: &x 1", "line 1: anchors, aliases, tags and directives are not read");
	refuses("a: 1\nb: *x", "line 2: anchors, aliases, tags and directives are not read");
	refuses("a: !!str 1", "line 1: anchors, aliases, tags and directives are not read");
	refuses("%YAML 1.2\n---\na: 1",
	        "line 1: anchors, aliases, tags and directives are not read");
	refuses("&x a: 1", "line 1: anchors, aliases, tags and directives are not read");
	refuses("[*a, *a]", "line 1: anchors, aliases, tags and directives are not read");
	refuses("? a\n: b", "line 1: anchors, aliases, tags and directives are not read");
	refuses("<<: {a: 1}", "line 1: merge keys are not read");
	refuses("a: 1\na: 2", "line 2: a key that is given twice");
	refuses("{a: 1, a: 2}", "line 1: a key that is given twice");
	refuses("a: 1\n---\nb: 2", "line 2: text behind the end");
	refuses("a: 1\n  b: 2", "line 2: a colon where none can be");
	refuses("a: \"1\"\n  b: 2", "line 2: a line is indented too far");
	refuses("a:\n    b: 1\n  c: 2", "line 3: a line is indented too far");
	refuses("a: b: c", "line 1: a value that begins like a list or a key");
	refuses("a: - b", "line 1: a value that begins like a list or a key");
	refuses("a: \"x\" y", "line 1: text behind a value");
	refuses("a: 1\nb", "line 2: a key is missing");
	refuses("a: \"x", "line 1: a quote without an end");
	refuses("a: [x, y", "line 1: a bracket without an end");
	refuses("a: [x y z: 1]", "line 1: a comma or bracket is missing");
	refuses("a: \"\\q\"", "line 1: a wrong escape");
	refuses("a: \"\\u0000\"", "line 1: a wrong escape");
	refuses("a:\n\tb: 1", "line 2: a tab in the indentation");
	refuses("a: x\x01", "line 1: a control character");
	refuses("a: \xff", "it is not UTF-8");
}

TEST(a_nul_is_no_end)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };

	CHECK(!yaml_parse(&m, "a: 1\0b: 2", 9, &e));
	CHECK_STR(e.text, "line 1: a control character");
}

TEST(a_bomb_is_too_large)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };

	for (int i = 0; i < 20; i++)
		str_addc(&s, '[');
	refuses(str_text(&s), "line 1: nested too deeply");
	s.len = 0;
	for (int i = 0; i < 5000; i++)
		str_add(&s, "- x\n");
	refuses(str_text(&s), "line 4096: more values than any image has");
	for (int i = 0; i < 70000; i++)
		str_add(&s, "- x\n");
	refuses(str_text(&s), "it is too long");
}

TEST(looking_up)
{
	AUTOFREE struct arena m = { 0 };
	static const char text[] = "a: 1\nb: [x]\n";
	const struct yaml *v = yaml_parse(&m, text, strlen(text), NULL);

	CHECK_STR(yaml_get_text(v, "a"), "1");
	CHECK(!yaml_get_text(v, "b"));
	CHECK(!yaml_get_text(v, "c"));
	CHECK(!yaml_get(yaml_get(v, "b"), "x"));
	CHECK(!yaml_get(NULL, "a"));
}
