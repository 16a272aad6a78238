#include "lib/engine/request.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"
#include "lib/engine/engine.h"
#include "lib/jail/plan.h"
#include "lib/systemd/manager.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_options.h"
#include "lib/text/faults.h"
#include "lib/text/json.h"

int request_options(struct arena *m, const struct plan *plan, struct run_options *o,
                    struct err *e)
{
	size_t bad = 0;

	if (run_options_parse(o, m, plan->run.v, &bad, e) == 0) return 0;
	if (bad < plan->run.n && plan->run.lines[bad])
		return fail_in(e, "%s: line %u", plan->config, plan->run.lines[bad]);
	return fail_in(e, "%s", plan->config);
}

/* A word that says nothing takes the place of a bad one, and of the option or the value
 * that belongs to it. */
static void take_out(struct words *w, size_t bad)
{
	static char nothing[] = "--quiet";

	if (w->v[bad][0] != '-' && bad)
		w->v[bad - 1] = nothing;
	else if (bad + 1 < w->n && w->v[bad + 1][0] != '-' && !strchr(w->v[bad], '='))
		w->v[bad + 1] = nothing;
	w->v[bad] = nothing;
}

void engine_check_words(struct arena *m, const struct split *words, struct faults *found)
{
	struct words left = { .m = m };
	struct run_options o;
	struct err why = { 0 };
	size_t bad = 0;

	for (size_t i = 0; i < words->n; i++)
		words_add(&left, words->v[i]);
	for (size_t tries = 0; tries < words->n; tries++) {
		if (run_options_parse(&o, m, words_list(&left), &bad, &why) == 0) return;
		if (bad >= left.n) return;
		fault_add(found, words->lines[bad], "%s", why.text);
		take_out(&left, bad);
	}
}

int request_build(struct wire *w, struct arena *m, const struct plan *plan,
                  const struct run_options *o, bool on_broker, struct err *e)
{
	const struct run_unit u = {
		.on_broker = on_broker,
		.path = plan->argv.v[0],
		.argv = plan->argv.v,
		.verbatim = true,
	};

	unit_begin_start(w, m, plan->unit);
	if (run_options_add(w, o, &u, e) < 0) return fail_in(e, "%s", plan->config);
	return 0;
}

static int add_properties(struct json_out *o, struct arena *m, struct wire *w, struct err *e)
{
	struct prop_shown *list;
	struct reader r;
	size_t n;

	reader_of(&r, w);
	reader_skip(&r);		/* the unit, */
	reader_skip(&r);		/* the mode */
	if (!(list = props_show(m, &r, &n, e))) return -1;
	json_array(o, "properties");
	for (size_t i = 0; i < n; i++) {
		json_array(o, NULL);
		json_add_text(o, NULL, list[i].name);
		json_add_text(o, NULL, list[i].sig);
		json_add_raw(o, NULL, list[i].value);
		json_end(o, ']');
	}
	json_end(o, ']');
	return 0;
}

const char *engine_show_start(struct engine *en, const struct plan *plan, struct err *e)
{
	struct str text = { .m = en->m };
	struct json_out o = { .to = &text };
	struct run_options options;
	struct wire w;

	if (request_options(en->m, plan, &options, e) < 0) return NULL;
	if (request_build(&w, en->m, plan, &options, true, e) < 0) return NULL;
	json_object(&o, NULL);
	json_add_text(&o, "unit", plan->unit);
	if (add_properties(&o, en->m, &w, e) < 0) return NULL;
	json_array(&o, "argv");
	for (size_t i = 0; i < plan->argv.n; i++)
		json_add_text(&o, NULL, plan->argv.v[i]);
	json_end(&o, ']');
	json_end(&o, '}');
	return str_text(&text);
}
