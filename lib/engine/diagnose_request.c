/* PID 1 refuses a whole request with a sentence that often does not name the property.
 * So each of the user's options is put to it alone, in a request that cannot start. */

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/request.h"
#include "lib/jail/plan.h"
#include "lib/systemd/manager.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_options.h"
#include "lib/systemd/run_unit.h"
#include "lib/systemd/service.h"

enum { SHOWN = 120 };

/* An option of the plan. */
struct suspect {
	const struct run_option *option;
	const char *text; /* "KillMode=mixed", "--nice=5", "pre_start_hook=true" */
	const char *property;		/* NULL: an option with a name of its own */
};

static struct suspect pick(struct arena *m, const struct plan *plan, size_t at)
{
	const struct run_option *o = &plan->run.v[at];
	struct suspect s = { .option = o };
	size_t n;

	if (!str_eq(o->name, "property")) {
		s.text = *o->words ? words_join(m, o->words, " ")
		                   : arena_printf(m, "--%s", o->name);
		return s;
	}
	n = strcspn(o->value, "=");
	s.text = o->value;
	s.property = arena_strndup(m, o->value, n);
	for (size_t i = 0; i < plan->hook_count; i++)
		if (plan->hooks[i].option == at)
			s.text = arena_printf(m, "%s%s", plan->hooks[i].key, o->value + n);
	return s;
}

static int try_alone(struct engine *en, struct arena *m, const struct suspect *s, size_t at,
                     struct err *e)
{
	const struct run_unit u = { .trial = true };
	struct run_options alone;
	struct wire w;

	run_options_alone(&alone, m, s->option);
	unit_begin_start(&w, m, arena_printf(m, "jlmkr-trial-%zu.service", at));
	if (run_unit_add(&w, &alone, &u, e) < 0) return -1;
	return unit_try(en->bus, &w, m, e);
}

int engine_check_start(struct engine *en, const struct plan *plan, struct err *e)
{
	const struct run_unit u = {
		.path = plan->argv.v[0], .argv = plan->argv.v, .trial = true,
	};
	struct err why = { 0 };
	struct wire w;

	if (request_check(plan, e) < 0) return -1;
	if (engine_open(en, NULL) < 0) return 0;
	unit_begin_start(&w, en->m, "jlmkr-trial.service");
	if (run_unit_add(&w, &plan->run, &u, e) < 0) return fail_in(e, "%s", plan->config);
	switch (unit_try(en->bus, &w, en->m, &why)) {
	case TRIAL_REFUSED:
	case TRIAL_UNKNOWN:
		if (e) *e = why;
		return request_blame(en, plan, e);
	}
	return 0;
}

static int too_new(struct engine *en, const struct suspect *s, struct err *e)
{
	int since = s->property ? prop_since(s->property) : 0;
	int version = systemd_version(en->bus, NULL);

	if (since && version > 0 && since > version)
		return fail(e, ERR_INPUT, "%s= needs systemd %d, this is %d", s->property,
		            since, version);
	return fail(e, ERR_INPUT, "%.*s: this systemd has no such property for a unit that is "
	            "made like this", SHOWN, s->text);
}

/* Among the words of a value: "network.target" in "After=network.target x.mount". */
static bool names_unit(const struct run_option *o, const char *name)
{
	size_t len = strlen(name);
	const char *at = o->value;

	for (; at && *at; at += strspn(at, " \t=")) {
		size_t n = strcspn(at, " \t=");

		if (n == len && !strncmp(at, name, n)) return true;
		at += n;
	}
	return false;
}

/* A unit that systemd does not find is named, and by no trial found: jobs come later. */
static const struct run_option *find_missing_unit(struct arena *m, const struct plan *plan,
                                                  const char *why)
{
	const char *name, *end;

	if (!str_starts(why, "Unit ") || !(end = strstr(why, " not found"))) return NULL;
	name = arena_strndup(m, why + 5, (size_t)(end - why - 5));
	for (size_t at = plan->run.n; at--;)
		if (names_unit(&plan->run.v[at], name)) return &plan->run.v[at];
	return NULL;
}

static int at_line(const struct plan *plan, const struct run_option *o, struct err *e)
{
	if (o && o->line) fail_in(e, "line %u", o->line);
	return fail_in(e, "%s", plan->config);
}

int request_blame(struct engine *en, const struct plan *plan, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *whole = arena_strdup(&m, e ? e->text : "");

	for (size_t at = 0; at < plan->run.n; at++) {
		struct suspect s = pick(&m, plan, at);
		struct err why = { 0 };
		int rc;

		if ((rc = try_alone(en, &m, &s, at, &why)) < 0) return -1;
		if (rc == TRIAL_TAKEN) continue;
		if (rc == TRIAL_UNKNOWN)
			too_new(en, &s, e);
		else
			fail(e, ERR_INPUT, "%.*s: systemd refuses it: %s", SHOWN, s.text,
			     why.text);
		return at_line(plan, s.option, e);
	}
	fail_in(e, "systemd refuses the unit");
	return at_line(plan, find_missing_unit(&m, plan, whole), e);
}
