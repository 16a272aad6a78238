#include "lib/engine/request.h"

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"
#include "lib/engine/engine.h"
#include "lib/jail/plan.h"
#include "lib/systemd/manager.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_unit.h"
#include "lib/text/json.h"

int request_check(const struct plan *plan, struct err *e)
{
	const struct fault *first = faults_first_error(&plan->run.faults);

	if (!first) return 0;
	fail(e, ERR_INPUT, "%s", first->text);
	if (first->line) return fail_in(e, "%s: line %u", plan->config, first->line);
	return fail_in(e, "%s", plan->config);
}

int request_build(struct wire *w, struct arena *m, const struct plan *plan, bool on_broker,
                  struct err *e)
{
	const struct run_unit u = {
		.on_broker = on_broker,
		.path = plan->argv.v[0],
		.argv = plan->argv.v,
		.verbatim = true,
	};

	unit_begin_start(w, m, plan->unit);
	if (run_unit_add(w, &plan->run, &u, e) < 0) return fail_in(e, "%s", plan->config);
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
	struct wire w;

	if (request_check(plan, e) < 0) return NULL;
	if (request_build(&w, en->m, plan, true, e) < 0) return NULL;
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
