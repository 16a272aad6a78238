/* Lines are assignments; those that begin with '-' together are the words of a
 * systemd-run. What is taken can be sent and read back, what is checked can be added. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/dbus/wire.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_options.h"
#include "lib/systemd/run_unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds) abort();
}

static void read_back(struct arena *m, struct wire *w)
{
	struct err e = { 0 };
	struct reader r;
	size_t n;

	must(wire_done(w, &e) == 0);
	reader_of(&r, w);
	must(props_show(m, &r, &n, &e) != NULL);
}

static void add(struct arena *m, const char *assignment)
{
	struct err e = { 0 };
	struct wire w;
	int rc;

	wire_init(&w, m);
	wire_open_array(&w, "(sv)");
	rc = prop_add(&w, assignment, &e);
	must(rc == prop_check(assignment, NULL));
	if (rc < 0) {
		must(e.kind == ERR_INPUT && *e.text && wire_done(&w, NULL) < 0);
		return;
	}
	wire_close_array(&w);
	read_back(m, &w);
}

static void run(struct arena *m, const struct split *words)
{
	static char *const argv[] = { "/bin/true", NULL };
	const struct run_unit unit = { .path = argv[0], .argv = argv };
	struct run_options o;
	struct err e = { 0 };
	struct wire w;

	run_options_parse(&o, m, words);
	if (faults_fail(&o.faults, &e) < 0) {
		must(o.faults.v[0].line < words->n && *o.faults.v[0].text);
		return;
	}
	wire_init(&w, m);
	if (run_unit_add(&w, &o, &unit, &e) == 0) read_back(m, &w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTOFREE struct arena m = { 0 };
	struct words options = { .m = &m };
	struct split words = { 0 };
	char *line = arena_strndup(&m, (const char *)data, size), *next;

	for (; line; line = next) {
		if ((next = strchr(line, '\n'))) *next++ = 0;
		if (*line == '-' || options.n)
			words_add(&options, line);
		else
			add(&m, line);
	}
	words.v = words_list(&options);
	words.n = options.n;
	words.lines = arena_array(&m, words.n, sizeof *words.lines);
	for (size_t i = 0; i < words.n; i++)
		words.lines[i] = (unsigned)i;
	run(&m, &words);
	return 0;
}
