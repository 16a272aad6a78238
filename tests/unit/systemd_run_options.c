#include "lib/systemd/run_options.h"
#include "lib/systemd/run_unit.h"

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

/* As if each stood on a line of its own. */
static void parse(struct run_options *o, struct arena *m, char *const *words)
{
	struct split split = { .v = (char **)words };

	while (words[split.n])
		split.n++;
	split.lines = arena_array(m, split.n, sizeof *split.lines);
	for (size_t i = 0; i < split.n; i++)
		split.lines[i] = (unsigned)i + 1;
	run_options_parse(o, m, &split);
}

static const char *outcome(struct arena *m, char *const *words, struct err *e)
{
	static char *const argv[] = { "/bin/true", NULL };
	const struct run_unit unit = {
		.description = "/bin/true", .on_broker = true, .path = argv[0], .argv = argv,
	};
	struct run_options o;
	struct wire w;

	wire_init(&w, m);
	parse(&o, m, words);
	if (faults_fail(&o.faults, e) < 0) return "-";
	if (run_unit_add(&w, &o, &unit, e) < 0 || wire_done(&w, e) < 0) return "-";
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

	parse(&o, &m, cut(&m, arena_strdup(&m, text), '|'));
	CHECK_INT(o.faults.n, 1);
	if (!o.faults.n) return;
	CHECK_INT(o.faults.v[0].line, bad_wanted + 1);
	CHECK_STR(o.faults.v[0].text, wanted);
}

TEST(what_is_refused_is_told_with_its_word)
{
	refused("-q|--scope", 1,
	        "option --scope of systemd-run has no place here: a jail is a service");
	refused("-q|-r|-t", 2,
	        "option --pty of systemd-run has no place here: a jail does not use our "
	        "terminal; "
	        "its output goes to the journal");
	refused("--unit", 0, "option --unit of systemd-run needs a value");
	refused("--on=1", 0,
	        "option --on of systemd-run is ambiguous: --on-active or --on-boot");
	refused("--sevice-type=x", 0,
	        "systemd-run has no option --sevice-type; did you mean --service-type?");
	refused("-q|foo", 1, "'foo' is not an option of systemd-run");
	refused("--", 0, "'--' is not an option of systemd-run");
	refused("-", 0, "'-' is not an option of systemd-run");
	refused("-q|--nice", 1, "option --nice of systemd-run needs a value");
	refused("-q|-p", 1, "option --property of systemd-run needs a value");
	refused("--collect=1", 0, "option --collect of systemd-run takes no value");
	refused("--slice=/a", 0, "--slice: '/a' is a path, not a slice");
	refused("-p|Nice=1|-p|Nice=x", 2, "property Nice: 'x' is not a number from -20 to 19");
	refused("", 0, "'' is not an option of systemd-run");
}

TEST(what_could_be_read_is_a_list)
{
	static char *const words[] = { "-qp", "Nice=1", "--nice", "x", "-GdrpKillMode=mixed",
	                               "--scope",
	                               "--slice=a", NULL };
	AUTOFREE struct arena m = { 0 };
	struct run_options o, one;
	struct str out = { .m = &m };

	parse(&o, &m, words);
	for (size_t i = 0; i < o.n; i++)
		str_addf(&out, "%u %s %s %s|", o.v[i].line, o.v[i].name ? o.v[i].name : "-",
		         o.v[i].value ? o.v[i].value : "-", words_join(&m, o.v[i].words, " "));
	CHECK_STR(str_text(&out),
	          "1 quiet - |1 property Nice=1 -qp Nice=1|3 - - --nice x|5 collect - |"
	          "5 same-dir - |5 remain-after-exit - |5 property KillMode=mixed "
	          "-GdrpKillMode=mixed|"
	          "6 - - --scope|7 slice a --slice=a|");
	CHECK_INT(o.faults.n, 2);
	CHECK(run_options_set(&o, "KillMode") && !run_options_set(&o, "Kill"));
	run_options_alone(&one, &m, &o.v[6]);
	CHECK_INT(one.properties.n, 1);
	CHECK(!one.collect && !one.slice && str_eq(one.properties.v[0], "KillMode=mixed"));
}

TEST(long_options_may_be_shortened)
{
	static char *const words[] = { "--prop=Nice=1", "--desc", "mine", "--slice=a", "--same",
	                               NULL };
	AUTOFREE struct arena m = { 0 };
	struct run_options o;

	parse(&o, &m, words);
	CHECK_INT(o.faults.n, 0);
	CHECK_STR(o.properties.v[0], "Nice=1");
	CHECK_STR(o.description, "mine");
	CHECK_STR(o.slice, "a.slice");
	CHECK_INT(o.n, 4);
}

/* The words that remain make the same unit with systemd-run. */
TEST(the_units_name_is_ignored_with_a_warning)
{
	static char *const words[] = { "--unit=x", "--uni", "y", "-Gux", "-uz", "-GqrPu",
	                               NULL };
	AUTOFREE struct arena m = { 0 };
	struct run_options o;
	struct str out = { .m = &m };

	parse(&o, &m, words);
	CHECK_INT(o.faults.n, 5);
	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(o.faults.v[i].severity, FAULT_WARNING);
		CHECK_STR(o.faults.v[i].text,
		          "option --unit of systemd-run is ignored: the name of the unit "
		          "follows "
		          "from the jail's name");
	}
	CHECK_INT(o.faults.v[1].line, 2);
	CHECK_INT(o.faults.v[4].severity, FAULT_ERROR);
	for (size_t i = 0; i < 1; i++)
		str_addf(&out, "%s|", words_join(&m, o.v[i].words, " "));
	CHECK_STR(str_text(&out), "-G|");
	CHECK(o.collect);
}

TEST(a_slice_may_lie_in_our_own)
{
	static char *const words[] = { "--slice-inherit", "--slice=a/b", NULL };
	AUTOFREE struct arena m = { 0 };
	struct run_options o;

	parse(&o, &m, words);
	CHECK_INT(o.faults.n, 0);
	CHECK(str_ends(o.slice, "a-b.slice"));
	CHECK_STR(o.slice, !o.slice_parent ? "a-b.slice" :
	          arena_printf(&m, "%s-a-b.slice", o.slice_parent));
}

static void two_hooks(struct wire *w, const void *arg)
{
	static char *const argv[] = { "/bin/h", "a b", "$x", NULL };

	prop_exec(w, "ExecStartPre", "/bin/h", argv, EXEC_VERBATIM);
	prop_add(w, arena_printf(w->m, "ExecStopPost=%s", (const char *)arg), NULL);
}

TEST(what_the_caller_adds_has_its_place)
{
	static char *const words[] = { "-p", "Type=notify", "-E", "B=of options", "-G",
	                               "--nice=1",
	                               "--expand-environment=yes", NULL };
	static char *const argv[] = { "nspawn", "$HOME", NULL },
		*const more[] = { "Nice=2", NULL };
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

	parse(&o, &m, words);
	CHECK_INT(o.faults.n, 0);
	wire_init(&w, &m);
	CHECK(run_unit_add(&w, &o, &unit, NULL) == 0);
	CHECK_STR(shown(&m, &w),
	          "Description=\"jail\";"
	          "CollectMode=\"inactive-or-failed\";Type=\"notify\";Nice=2;"
	          "ExecStartPreEx=[[\"/bin/h\",[\"/bin/h\",\"a "
	          "b\",\"$x\"],[\"no-env-expand\"]]];"
	          "ExecStopPost=[[\"/bin/s\","
	          "[\"/bin/s\"],true]];Nice=1;WorkingDirectory=\"/w\";"
	          "StandardInputFileDescriptor=0;StandardOutputFileDescriptor=1;"
	          "StandardErrorFileDescriptor=2;Environment=[\"A=1\",\"B=of options\"];"
	          "ExecStart=[[\"/bin/nspawn\",[\"nspawn\",\"$HOME\"],false]]");
	o.verbatim = -1;
	unit = (struct run_unit){ .path = "/x", .argv = argv, .verbatim = true };
	wire_init(&w, &m);
	CHECK(run_unit_add(&w, &o, &unit, NULL) == 0);
	CHECK(strstr(shown(&m, &w),
	             "ExecStart=[[\"/x\",[\"nspawn\",\"$$HOME\"],false]]") != NULL);
}

TEST(options_in_front_of_a_command_in_a_jail)
{
	static char *const words[] = { "--uid=7", "-tPE", "A=b", "--nice", "3", "-pTasksMax=9",
	                               "id", "-x", NULL };
	AUTOFREE struct arena m = { 0 };
	struct run_options o;

	CHECK_INT((long long)run_options_lead(&o, &m, words), 6);
	CHECK_INT((long long)o.faults.n, 0);
	CHECK_STR(o.uid, "7");
	CHECK(o.pty);
	CHECK_INT(o.nice, 3);
	CHECK_STR(words_list(&o.environment)[0], "A=b");
	CHECK_STR(words_list(&o.properties)[0], "TasksMax=9");
}

TEST(options_that_a_command_in_a_jail_cannot_have)
{
	static char *const cases[][3] = {
		{ "--unit=x", "id" }, { "-u", "root" }, { "--frob", "id" }, { "-Z", "id" },
		{ "--uid" },
		{ "--nice", "much" },
	};
	static const char *const texts[] = {
		"option --unit of systemd-run cannot be used here",
		"option --unit of systemd-run cannot be used here",
		"systemd-run has no option --frob", "systemd-run has no option -Z",
		"option --uid of systemd-run needs a value",
		"--nice: 'much' is not a number from -20 to 19",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTOFREE struct arena m = { 0 };
		struct run_options o;

		run_options_lead(&o, &m, cases[i]);
		CHECK_INT((long long)o.faults.n, 1);
		CHECK_STR(o.faults.v[0].text, texts[i]);
	}
}

TEST(what_ends_the_options_in_front_of_a_command)
{
	static char *const cases[][3] = { { "--", "--uid=1" }, { "-", "x" },
	                                  { "id", "--uid=1" }, { NULL } };

	for (size_t i = 0; i < 4; i++) {
		AUTOFREE struct arena m = { 0 };
		struct run_options o;

		CHECK_INT((long long)run_options_lead(&o, &m, cases[i]), 0);
		CHECK_INT((long long)o.faults.n, 0);
	}
}
