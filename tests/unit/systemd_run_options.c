#include "lib/systemd/run_options.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/dbus/wire.h"
#include "lib/systemd/props/props.h"
#include "tests/unit/test.h"

/* The entries as the recorded cases write them. */
static const char *shown(struct arena *m, struct wire *w)
{
	struct str out = { .m = m };
	struct prop_shown *list;
	struct reader r;
	size_t n;

	reader_of(&r, w);
	list = props_show(m, &r, &n, NULL);
	for (size_t i = 0; list && i < n; i++)
		str_addf(&out, "%s%s=%s", i ? ";" : "", list[i].name, list[i].value);
	return str_text(&out);
}

static const char *outcome(struct arena *m, char *const *words, struct err *e)
{
	static char *const argv[] = { "/bin/true", NULL };
	const struct run_unit unit = {
		.description = "/bin/true", .on_broker = true, .path = argv[0], .argv = argv,
	};
	struct run_options o;
	struct wire w;
	size_t bad;

	wire_init(&w, m);
	if (run_options_parse(&o, m, words, &bad, e) < 0) return "-";
	if (run_options_add(&w, &o, &unit, e) < 0 || wire_done(&w, e) < 0) return "-";
	return shown(m, &w);
}

static char **cut(struct arena *m, char *text, char at)
{
	struct words w = { .m = m };

	for (char *next; text; text = next) {
		if ((next = strchr(text, at))) *next++ = 0;
		words_add(&w, text);
	}
	return words_list(&w);
}

TEST(options_become_what_systemd_run_sends)
{
	AUTOFREE struct arena m = { 0 };
	char *text = read_file(&m, AT_FDCWD, "tests/data/bus/systemd-run-options.tsv", 1 << 20,
	                       NULL, NULL);
	int rows = 0, wrong = 0;

	CHECK(text != NULL);
	setenv("HAVE", "it", 1);
	setenv("EMPTY", "", 1);
	for (char **line = text ? cut(&m, text, '\n') : NULL; line && *line; line++) {
		struct err e = { 0 };
		const char *got;
		char **column;

		if (!**line || **line == '#') continue;
		column = cut(&m, *line, '\t');
		got = outcome(&m, cut(&m, column[0], '|'), &e);
		rows++;
		if (str_eq(got, column[1])) continue;
		printf("# row %d: %s%s\n#  recorded: %s\n", rows, got, e.text, column[1]);
		wrong++;
	}
	CHECK_INT(rows, 67);
	CHECK_INT(wrong, 0);
}

static void refused(const char *text, size_t bad_wanted, const char *wanted)
{
	AUTOFREE struct arena m = { 0 };
	struct run_options o;
	struct err e = { 0 };
	size_t bad = 99;

	CHECK(run_options_parse(&o, &m, cut(&m, arena_strdup(&m, text), '|'), &bad, &e) == -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_INT(bad, bad_wanted);
	CHECK_STR(e.text, wanted);
}

TEST(what_is_refused_is_told_with_its_word)
{
	refused("-q|--unit=x", 1,
	        "option --unit of systemd-run has no place here: the jail's name makes the unit's");
	refused("-q|-r|-ux", 2,
	        "option --unit of systemd-run has no place here: the jail's name makes the unit's");
	refused("--prop=Nice=1", 0, "option --prop of systemd-run is not written out (--property?)");
	refused("--sevice-type=x", 0,
	        "unknown option --sevice-type of systemd-run (nearest: --service-type)");
	refused("-q|foo", 1, "'foo' is no option of systemd-run");
	refused("--", 0, "'--' is no option of systemd-run");
	refused("-", 0, "'-' is no option of systemd-run");
	refused("-q|--nice", 1, "option --nice of systemd-run wants a value");
	refused("-q|-p", 1, "option --property of systemd-run wants a value");
	refused("--collect=1", 0, "option --collect of systemd-run takes no value");
	refused("--slice=/a", 0, "--slice: '/a' is a path, no slice");
	refused("-p|Nice=1|-p|Nice=x", 2, "property Nice: 'x' is not a number from -20 to 19");
	refused("", 0, "'' is no option of systemd-run");
}

static void two_hooks(struct wire *w, const void *arg)
{
	static char *const argv[] = { "/bin/h", "a b", "$x", NULL };

	prop_exec(w, "ExecStartPre", "/bin/h", argv, EXEC_VERBATIM);
	prop_exec_text(w, "ExecStopPost", arg, NULL);
}

TEST(what_the_caller_adds_has_its_place)
{
	static char *const words[] = { "-p", "Type=notify", "-E", "B=of options", "-G", "--nice=1",
	                               "--expand-environment=yes", NULL };
	static char *const argv[] = { "nspawn", "$HOME", NULL }, *const more[] = { "Nice=2", NULL };
	static char *const env[] = { "A=1", "B=2", NULL };
	static const int stdio[] = { 0, 1, 2 };
	AUTOFREE struct arena m = { 0 };
	struct run_unit unit = {
		.description = "jail", .properties = more, .hooks = two_hooks,
		.hooks_arg = "-/bin/s", .working_directory = "/w", .stdio = stdio,
		.environment = env, .path = "/bin/nspawn", .argv = argv, .verbatim = true,
	};
	struct run_options o;
	struct wire w;
	size_t bad;

	CHECK(run_options_parse(&o, &m, words, &bad, NULL) == 0);
	wire_init(&w, &m);
	CHECK(run_options_add(&w, &o, &unit, NULL) == 0);
	CHECK_STR(shown(&m, &w),
	          "Description=\"jail\";CollectMode=\"inactive-or-failed\";Type=\"notify\";Nice=2;"
	          "ExecStartPreEx=[[\"/bin/h\",[\"/bin/h\",\"a b\",\"$x\"],[\"no-env-expand\"]]];"
	          "ExecStopPost=[[\"/bin/s\",[\"/bin/s\"],true]];Nice=1;WorkingDirectory=\"/w\";"
	          "StandardInputFileDescriptor=0;StandardOutputFileDescriptor=1;"
	          "StandardErrorFileDescriptor=2;Environment=[\"A=1\",\"B=of options\"];"
	          "ExecStart=[[\"/bin/nspawn\",[\"nspawn\",\"$HOME\"],false]]");
	o.verbatim = -1;
	unit = (struct run_unit){ .path = "/x", .argv = argv, .verbatim = true };
	wire_init(&w, &m);
	CHECK(run_options_add(&w, &o, &unit, NULL) == 0);
	CHECK(strstr(shown(&m, &w), "ExecStart=[[\"/x\",[\"nspawn\",\"$$HOME\"],false]]") != NULL);
}
