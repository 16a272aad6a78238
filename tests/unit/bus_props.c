#include "lib/bus/props.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/bus/wire.h"
#include "tests/unit/test.h"

/* What an assignment becomes, in the columns 2 and 4 of the recorded cases; false
 * when it is refused. */
static bool render(struct arena *m, const char *assignment, struct str *sigs, struct str *values,
                   struct err *e)
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
