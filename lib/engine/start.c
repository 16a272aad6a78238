/* What systemd says about a start has to be checked: a job that is "done" may leave
 * a unit that is not active, and a failed unit tells why only while we hold it. */

#include <signal.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/bus/bus.h"
#include "lib/bus/props.h"
#include "lib/bus/runopts.h"
#include "lib/bus/systemd1.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/journal.h"
#include "lib/engine/request.h"
#include "lib/jail/plan.h"

enum { LOG_LINES = 15, UNLOAD_MS = 3000, UNLOAD_STEP_MS = 5 };

static const char *status_text(struct arena *m, int status)
{
	const char *name = exit_status_name(status);

	return name ? arena_printf(m, "%d/%s", status, name) : arena_printf(m, "%d", status);
}

const char *end_text(struct arena *m, const struct unit_state *s, const char *what)
{
	const char *name;

	if (str_eq(s->result, "timeout")) return "it took longer than systemd allows";
	if (str_eq(s->result, "protocol")) return arena_printf(m, "%s ended before it was ready", what);
	if (s->exec_code == CLD_EXITED && s->exec_status)
		return arena_printf(m, "%s exited with status %s", what, status_text(m, s->exec_status));
	if (s->exec_code == CLD_KILLED || s->exec_code == CLD_DUMPED) {
		name = signal_name(m, s->exec_status);
		return arena_printf(m, "%s was killed by %s", what, name ? name : "a signal");
	}
	if (str_eq(s->result, "exit-code")) return "a hook, or another helper of the unit, failed";
	return *s->result ? arena_printf(m, "the unit's result is '%s'", s->result) : "no reason given";
}

static const char *invocation_text(struct arena *m, const struct unit_state *s)
{
	struct str hex = { .m = m };
	unsigned any = 0;

	for (size_t i = 0; i < sizeof s->invocation_id; i++) {
		str_addf(&hex, "%02x", s->invocation_id[i]);
		any |= s->invocation_id[i];
	}
	return any ? str_text(&hex) : "";
}

/* The log first, the reason last: what stands at the bottom is what gets read. */
static int tell_failure(struct arena *m, const struct unit_watch *uw, const struct plan *plan,
                        struct err *e)
{
	const struct unit_state *s = unit_is_loaded(&uw->state) ? &uw->state : &uw->last;
	const char *log = journal_tail(m, plan->unit, invocation_text(m, s), LOG_LINES);

	if (*log) out_note("The last lines of its log:\n%s", log);
	return fail(e, ERR_HOST, "%s; 'jlmkr edit %s' opens its config",
	            end_text(m, s, "systemd-nspawn"), plan->jail);
}

static int send_start(struct engine *en, struct unit_watch *uw, const struct plan *plan,
                      const struct run_options *o, struct err *e)
{
	bool on_broker = bus_kind(en->bus) == BUS_BROKER;
	struct wire w;

	if (request_build(&w, en->m, plan, o, on_broker, e) < 0) return -1;
	return unit_send_start(uw, &w, e);
}

/* A unit of that name is loaded: 1 when it runs, 0 when it was a trace of an earlier
 * run and is on its way out. */
static int make_way(struct engine *en, const struct plan *plan, struct err *e)
{
	struct unit_state s;

	if (unit_get(en->bus, plan->unit, en->m, &s, e) < 0) return -1;
	if (unit_is_loaded(&s) && !unit_is_over(&s)) return 1;
	if (str_eq(s.active, "failed") && unit_reset_failed(en->bus, plan->unit, e) < 0 &&
	    e->kind != ERR_MISSING)
		return -1;
	return 0;
}

static int request_start(struct engine *en, struct unit_watch *uw, const struct plan *plan,
                         struct err *e)
{
	int64_t deadline = deadline_in(UNLOAD_MS);
	struct run_options o;
	int rc;

	if (request_options(en->m, plan, &o, e) < 0) return -1;
	while ((rc = send_start(en, uw, plan, &o, e)) < 0 && e->kind == ERR_EXISTS) {
		if (deadline_left(deadline) == 0) return -1;
		if ((rc = make_way(en, plan, e)) != 0) return rc;
		/* systemd forgets a dead unit a moment after the last one who held it let
		 * go, and tells nobody who does not hold it. */
		if (check_signal(e) < 0) return -1;
		poll(NULL, 0, UNLOAD_STEP_MS);
	}
	return rc;
}

int engine_start(struct engine *en, const struct plan *plan, struct err *e)
{
	AUTOWATCH struct unit_watch uw = { 0 };
	int rc;

	if (engine_open(en, e) < 0 || unit_watch(&uw, en->bus, plan->unit, e) < 0) return -1;
	engine_forget(en, plan->jail);
	if ((rc = request_start(en, &uw, plan, e)) != 0) return rc;
	if (engine_wait_job(en, &uw, e) < 0) return -1;
	if (str_eq(uw.job_result, "canceled"))
		return fail(e, ERR_HOST, "it was stopped while it started");
	if ((str_eq(uw.job_result, "done") || !*uw.job_result) &&
	    unit_is_loaded(&uw.state) && !unit_is_over(&uw.state))
		return 0;
	if (!*uw.job_result && !unit_is_loaded(&uw.state))
		return fail(e, ERR_HOST, "it has ended, how is not known: the connection to systemd was "
		            "lost meanwhile; 'jlmkr log %s' may tell", plan->jail);
	return tell_failure(en->m, &uw, plan, e);
}
