#include "lib/systemd/props/props.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"
#include "tests/unit/test.h"

/* What an assignment becomes, in the columns 2 and 4 of the recorded cases; false
 * when it is refused. */
static bool render(struct arena *m, const char *assignment, struct str *sigs,
                   struct str *values, struct err *e)
{
	struct prop_shown *list;
	struct reader r;
	struct wire w;
	size_t n;

	wire_init(&w, m);
	wire_open_array(&w, "(sv)");
	if (prop_add(&w, assignment, e) < 0) return false;
	wire_close_array(&w);
	if (wire_done(&w, e) < 0) return false;
	reader_of(&r, &w);
	if (!(list = props_show(m, &r, &n, e))) return false;
	for (size_t i = 0; i < n; i++) {
		str_addf(sigs, "%s%s", i ? "," : "", list[i].sig);
		str_addf(values, "%s%s=%s", i ? ";" : "", list[i].name, list[i].value);
	}
	return true;
}

/* Our refusals name the property and what was said. */
static bool names_both(const char *assignment, const char *text)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(assignment, "="), assignment);
	return strstr(text, name) && strstr(text, "'");
}

/* Of newer systemds: the recorded one does not know them. */
static bool is_newer(const char *assignment)
{
	static const char *const names[] = {
		"MemoryZSwapMax=", "ImportCredential=", "RestartSteps=", "DelegateSubgroup=",
		"MemoryPressureWatch=", "RootEphemeral=", "SurviveFinalKillSignal=",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_starts(assignment, names[i])) return true;
	return false;
}

static bool row_holds(const char *given, const char *sigs_wanted, const char *values_wanted)
{
	AUTOFREE struct arena m = { 0 };
	struct str sigs = { .m = &m }, values = { .m = &m };
	bool refused = str_eq(sigs_wanted, "-");
	struct err e = { 0 };

	if (!render(&m, given, &sigs, &values, &e)) {
		if (refused && e.kind == ERR_INPUT && names_both(given, e.text)) return true;
		printf("# %s: %s\n", given, e.text);
		return false;
	}
	if (refused && is_newer(given)) return true;
	if (!refused && str_eq(str_text(&sigs), sigs_wanted) &&
	    str_eq(str_text(&values), values_wanted))
		return true;
	printf("# %s: %s %s\n#   recorded: %s %s\n", given, str_text(&sigs), str_text(&values),
	       sigs_wanted, values_wanted);
	return false;
}

/* The tab-separated columns of a line, in place. */
static int columns(char *line, char **column, int max)
{
	int n = 0;

	while (line && n < max) {
		column[n++] = line;
		if ((line = strchr(line, '\t'))) *line++ = 0;
	}
	return n;
}

/* How many nodes there are is a thing of the machine the case was recorded on. */
static bool is_of_the_machine(const char *given)
{
	return str_eq(given, "NUMAMask=all");
}

static void check_cases(const char *path, int rows_wanted)
{
	AUTOFREE struct arena m = { 0 };
	char *text = read_file(&m, AT_FDCWD, path, 1 << 20, NULL, NULL);
	int rows = 0, wrong = 0;

	CHECK(text != NULL);
	while (text && *text) {
		char *end = strchr(text, '\n'), *column[4];

		if (end) *end = 0;
		if (*text != '#') {
			CHECK(columns(text, column, 4) == 4);
			rows++;
			if (!is_of_the_machine(column[0]))
				wrong += !row_holds(column[0], column[1], column[3]);
		}
		text = end ? end + 1 : NULL;
	}
	CHECK_INT(rows, rows_wanted);
	CHECK_INT(wrong, 0);
}

TEST(what_systemd_run_sends_is_sent)
{
	check_cases("tests/data/bus/systemd-bus-cases.tsv", 435);
}

/* NULL when it is refused. */
static const char *rendered(struct arena *m, const char *assignment)
{
	struct str sigs = { .m = m }, values = { .m = m };

	if (!render(m, assignment, &sigs, &values, NULL)) return NULL;
	return arena_printf(m, "%s %s", str_text(&sigs), str_text(&values));
}

TEST(properties_of_newer_systemds)
{
	static const char *const cases[][2] = {
		{ "MemoryZSwapMax=10%", "u MemoryZSwapMaxScale=429496730" },
		{ "ReloadSignal=HUP", "i ReloadSignal=1" },
		{ "LogFilterPatterns=~debug", "a(bs) LogFilterPatterns=[[false,\"debug\"]]" },
		{ "LogFilterPatterns=a b", "a(bs) LogFilterPatterns=[[true,\"a b\"]]" },
		{ "OpenFile=/a/b", "a(sst) OpenFile=[[\"/a/b\",\"b\",0]]" },
		{ "OpenFile=/a:n:read-only,graceful", "a(sst) OpenFile=[[\"/a\",\"n\",9]]" },
		{ "OpenFile=/a::append", "a(sst) OpenFile=[[\"/a\",\"a\",2]]" },
		{ "OpenFile=a", NULL },
		{ "OpenFile=/", NULL },
		{ "OpenFile=/a:n:append,truncate", NULL },
		{ "OpenFile=/a:n:append,append", NULL },
		{ "OpenFile=/a:n:append:x", NULL },
		{ "MemoryPressureWatch=on", "s MemoryPressureWatch=\"on\"" },
		{ "MemoryPressureThresholdSec=2", "t MemoryPressureThresholdUSec=2000000" },
		{ "MemoryKSM=yes", "b MemoryKSM=true" },
		{ "ImportCredential=a*", "as ImportCredential=[\"a*\"]" },
		{ "ImportCredential=", "as ImportCredential=[]" },
		{ "ImportCredentialEx=a*:b", "a(ss) ImportCredentialEx=[[\"a*\",\"b\"]]" },
		{ "ImportCredentialEx=a*", "a(ss) ImportCredentialEx=[[\"a*\",\"\"]]" },
		{ "RestartSteps=3", "u RestartSteps=3" },
		{ "RestartMaxDelaySec=1min", "t RestartMaxDelayUSec=60000000" },
		{ "NFTSet=cgroup:inet:filter:my_set user:ip6:t:s",
		  "a(iiss) NFTSet=[[3,1,\"filter\",\"my_set\"],[4,10,\"t\",\"s\"]]" },
		{ "NFTSet=", "a(iiss) NFTSet=[]" },
		{ "NFTSet=cgroup:inet:filter", NULL },
		{ "NFTSet=address:inet:t:s", NULL },
		{ "NFTSet=cgroup:inet:1t:s", NULL },
		{ "ManagedOOMMemoryPressureDurationSec=",
		  "t ManagedOOMMemoryPressureDurationUSec=18446744073709551615" },
		{ "PrivateTmpEx=disconnected", "s PrivateTmpEx=\"disconnected\"" },
		{ "StateDirectory=a:b:ro c d::ro",
		  "as,a(sst) StateDirectory=[\"c\"];"
		  "StateDirectorySymlink=[[\"a\",\"b\",1],[\"d\",\"\",1]]" },
		{ "StateDirectory=a:b:rw", "a(sst) StateDirectorySymlink=[[\"a\",\"b\",0]]" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTOFREE struct arena m = { 0 };
		const char *got = rendered(&m, cases[i][0]);

		if (cases[i][1])
			CHECK_STR(got, cases[i][1]);
		else
			CHECK(got == NULL);
	}
	CHECK_INT(prop_since("OpenFile"), 253);
	CHECK_INT(prop_since("Nice"), 252);
	CHECK_INT(prop_since("Nope"), 0);
}

TEST(a_refusal_says_what_would_do)
{
	static const char *const cases[][2] = {
		{ "TasksMax=12x",
		  "property TasksMax: '12x' is not a number, a percentage or infinity" },
		{ "TaskMax=1", "unknown property 'TaskMax'; did you mean TasksMax?" },
		{ "RestartUSec=1", "unknown property 'RestartUSec'; did you mean RestartSec?" },
		{ "completely-else=1", "unknown property 'completely-else'" },
		{ "Nice", "property 'Nice' has no '='" },
		{ "SuccessExitStatus=1 FOO", "property SuccessExitStatus: 'FOO' is not an exit "
		  "status from 0 to 255 or its name, or a signal's name" },
		{ "LimitNOFILE=2:1",
		  "property LimitNOFILE: '2:1' has a soft limit above the hard "
		  "one" },
		{ "ExecStartPre=@/bin/sh", "property ExecStartPre: '@/bin/sh' has no argv[0] "
		  "after the path, which '@' needs" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = { 0 };

		CHECK(prop_check(cases[i][0], &e) == -1);
		CHECK_INT(e.kind, ERR_INPUT);
		CHECK_STR(e.text, cases[i][1]);
	}
	CHECK(prop_check("Nice=1", NULL) == 0);
}

TEST(text_that_the_bus_does_not_take)
{
	static const char *const cases[] = {
		"Description=\xff", "ExecStart=/x \\xff", "ExecStart=/x \\ud800",
		"Description=\xef\xb7\x90", "Description=\xf0\x9f\xbf\xbe", "User=\xef\xbf\xbf",
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = { 0 };

		CHECK(prop_check(cases[i], &e) == -1);
		CHECK_INT(e.kind, ERR_INPUT);
		CHECK(strstr(e.text, "property ") != NULL);
	}
	CHECK(prop_check("LogExtraFields=A=\xff", NULL) == 0);
	CHECK(prop_check("Description=\xc3\xa4\xf0\x9f\x98\x80", NULL) == 0);
}

TEST(a_fault_spoils_the_message)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct wire w;

	wire_init(&w, &m);
	wire_open_array(&w, "(sv)");
	CHECK(prop_add(&w, "Nice=x", NULL) == -1);
	CHECK(prop_add(&w, "Nice=1", NULL) == -1);
	CHECK(wire_done(&w, &e) == -1);
	CHECK_STR(e.text, "property Nice: 'x' is not a number from -20 to 19");
}

TEST(names_of_exit_statuses_and_signals)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(exit_status_name(203), "EXEC");
	CHECK_STR(exit_status_name(0), "SUCCESS");
	CHECK(exit_status_name(8) == NULL);
	CHECK(exit_status_name(223) == NULL);
	CHECK_INT(exit_status_number("NAMESPACE"), 226);
	CHECK_INT(exit_status_number("133"), 133);
	CHECK_INT(exit_status_number("256"), -1);
	CHECK_INT(exit_status_number("KILL"), -1);
	CHECK_STR(signal_name(&m, 9), "SIGKILL");
	CHECK_STR(signal_name(&m, 34), "SIGRTMIN");
	CHECK_STR(signal_name(&m, 38), "SIGRTMIN+4");
	CHECK(signal_name(&m, 0) == NULL);
	CHECK(signal_name(&m, 32) == NULL);
	CHECK(signal_name(&m, 65) == NULL);
	for (int i = 1; i <= 64; i++)
		if (signal_name(&m, i)) CHECK_INT(signal_number(signal_name(&m, i)), i);
	CHECK_INT(signal_number("TERM"), 15);
	CHECK_INT(signal_number("RTMAX-26"), 38);
	CHECK_INT(signal_number("RTMIN+31"), -1);
	CHECK_INT(signal_number("RTMIN+2147483647"), -1);
	CHECK_INT(signal_number("0"), -1);
	CHECK_INT(signal_number("term"), -1);
}
