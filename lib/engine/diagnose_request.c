/* PID 1 refuses a whole request with a sentence that often does not name the property.
 * So each of the user's options is put to it alone, in a request that cannot start. */

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"
#include "lib/engine/engine.h"
#include "lib/engine/request.h"
#include "lib/jail/plan.h"
#include "lib/systemd/manager.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_options.h"
#include "lib/systemd/service.h"

enum { SHOWN = 120 };

/* One option of the plan, by itself. */
struct suspect {
	struct run_options options;
	size_t words;			/* how many it is written in */
	const char *text;		/* "KillMode=mixed", "--nice=5" */
	const char *property;		/* NULL: an option with a name of its own */
};

/* All options together were understood: one that is not, alone, lacks its value. */
static void pick(struct suspect *s, struct arena *m, const struct plan *plan, size_t at)
{
	char **both = plan->run.v + at, *one[] = { *both, NULL };
	const char *eq;
	size_t bad;

	*s = (struct suspect){ .words = 1, .text = arena_strdup(m, *one) };
	if (run_options_parse(&s->options, m, one, &bad, NULL) < 0 && both[1]) {
		char *two[] = { both[0], both[1], NULL };

		run_options_parse(&s->options, m, two, &bad, NULL);
		s->words = 2;
		s->text = arena_printf(m, "%s %s", two[0], two[1]);
	}
	if (s->options.properties.n != 1) return;
	s->text = *s->options.properties.v;
	eq = strchr(s->text, '=');
	s->property = arena_strndup(m, s->text, (size_t)(eq - s->text));
	for (size_t i = 0; i < plan->hook_count; i++)
		if (plan->hooks[i].word == at)
			s->text = arena_printf(m, "%s%s", plan->hooks[i].key, eq);
}

static int try_alone(struct engine *en, struct arena *m, const struct suspect *s, size_t at,
                     struct err *e)
{
	const struct run_unit u = { .trial = true };
	struct wire w;

	unit_begin_start(&w, m, arena_printf(m, "jlmkr-trial-%zu.service", at));
	if (run_options_add(&w, &s->options, &u, e) < 0) return -1;
	return unit_try(en->bus, &w, m, e);
}

static int too_new(struct engine *en, const struct suspect *s, struct err *e)
{
	int since = s->property ? prop_since(s->property) : 0;
	int version = systemd_version(en->bus, NULL);

	if (since && version > 0 && since > version)
		return fail(e, ERR_INPUT, "%s= needs systemd %d, this is %d", s->property, since,
		            version);
	return fail(e, ERR_INPUT, "%.*s: this systemd has no such property for a unit that is "
	            "made like this", SHOWN, s->text);
}

/* A unit that systemd does not find is named, and by no trial found: jobs come later. */
static size_t find_missing_unit(struct arena *m, const struct plan *plan, const char *why)
{
	const char *name, *end;
	size_t at = plan->run.n;

	if (!str_starts(why, "Unit ") || !(end = strstr(why, " not found"))) return at;
	name = arena_strndup(m, why + 5, (size_t)(end - why - 5));
	while (at--)
		if (strstr(plan->run.v[at], name)) return at;
	return plan->run.n;
}

static int at_line(const struct plan *plan, size_t at, struct err *e)
{
	if (at < plan->run.n && plan->run.lines[at]) fail_in(e, "line %u", plan->run.lines[at]);
	return fail_in(e, "%s", plan->config);
}

int request_blame(struct engine *en, const struct plan *plan, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *whole = arena_strdup(&m, e ? e->text : "");
	struct suspect s;

	for (size_t at = 0; at < plan->run.n; at += s.words) {
		struct err why = { 0 };
		int rc;

		pick(&s, &m, plan, at);
		if ((rc = try_alone(en, &m, &s, at, &why)) < 0) return -1;
		if (rc == TRIAL_TAKEN) continue;
		if (rc == TRIAL_UNKNOWN)
			too_new(en, &s, e);
		else
			fail(e, ERR_INPUT, "%.*s: systemd refuses it: %s", SHOWN, s.text, why.text);
		return at_line(plan, at, e);
	}
	fail_in(e, "systemd refuses the unit");
	return at_line(plan, find_missing_unit(&m, plan, whole), e);
}
