/* Why a start did not end in a jail that runs: what its job came to, then how the unit
 * ended, then what the commands and conditions of the unit say. */

#include <signal.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/engine/journal.h"
#include "lib/engine/request.h"
#include "lib/jail/plan.h"
#include "lib/systemd/manager.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/service.h"

enum {
	LOG_LINES = 15,
	SHOWN = 120,
	FIRST_OF_SYSTEMD = 200,		/* from here on statuses are of systemd's own making, */
	EXCEPTION = 255,		/* up to here: systemd.exec(5), "Process Exit Codes" */
};

struct failure {
	struct arena *m;
	const struct plan *plan;
	const struct unit_state *s;
	struct unit_service service;
	const char *job;		/* its result */
};

struct sentence {
	const char *result, *text;
};

static const struct sentence job_sentences[] = {
	{ "canceled", "it was stopped while it started" },
	{ "timeout",
	  "its job took longer than JobTimeoutSec= or JobRunningTimeoutSec= allows" },
	{ "dependency",
	  "a unit that it requires did not start (Requires=, BindsTo= and the like)" },
	{ "collected", "systemd forgot the unit while it started" },
	{ "unsupported", "this systemd does not support such a unit" },
	{ "invalid", "systemd does not take the job for such a unit" },
	{ "once", "it is a unit that can be started only once" },
};

static const struct sentence unit_sentences[] = {
	{ "oom-kill", "it ran out of memory and the kernel killed a process of it "
	  "(MemoryMax=, OOMPolicy=)" },
	{ "watchdog", "it gave systemd no sign of life in time (WatchdogSec=)" },
	{ "resources", "systemd could not get what it needs to run it: its log tells what" },
	{ "start-limit-hit", "it was started too often in a short time "
	  "(StartLimitBurst=, StartLimitIntervalSec=)" },
	{ "exec-condition", "ExecCondition= says that it shall not run" },
};

static const char *find_sentence(const struct sentence *list, size_t n, const char *result)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].result, result)) return list[i].text;
	return NULL;
}

#define SENTENCE(list, result) find_sentence(list, sizeof(list) / sizeof(list)[0], result)

/* -- how a process ended -- */

static const char *ended(struct arena *m, int code, int status)
{
	const char *name;

	if (code == CLD_EXITED) {
		name = exit_status_name(status);
		if (name && status >= FIRST_OF_SYSTEMD && status < EXCEPTION)
			return arena_printf(m, "could not be run (%d/%s)", status, name);
		if (!name || !status) return arena_printf(m, "exited with status %d", status);
		return arena_printf(m, "exited with status %d/%s", status, name);
	}
	name = signal_name(m, status);
	return arena_printf(m, "%s %s", code == CLD_DUMPED ? "dumped core on" : "was killed by",
	                    name ? name : "a signal");
}

static const char *timeout_text(const struct failure *f, const char *what)
{
	uint64_t us = f->service.start_timeout;

	if (us == UNIT_UNKNOWN)
		return arena_printf(f->m, "%s took longer than systemd allows", what);
	return arena_printf(f->m, "%s took longer than the %.10g s of TimeoutStartSec=", what,
	                    (double)us / 1e6);
}

/* -- which command -- */

/* Its assignment among the user's options: the one that many from the end, because what
 * came before may have been reset. */
static const struct run_option *find_option(const struct plan *plan, const char *property,
                                            size_t left)
{
	for (size_t at = plan->run.n; at--;)
		if (run_option_sets(&plan->run.v[at], property) && !left--)
			return &plan->run.v[at];
	return NULL;
}

/* As the user knows it: the key of the config, or the property and its command. */
static const char *command_name(const struct failure *f, const struct unit_command *c)
{
	const struct plan *plan = f->plan;
	const struct run_option *option;

	for (size_t i = 0; i < plan->hook_count; i++)
		if (c->left == 0 && str_eq(plan->hooks[i].property, c->property))
			return arena_printf(f->m, "%s (line %u of its config)",
			                    plan->hooks[i].key, plan->hooks[i].line);
	option = find_option(plan, c->property, c->left);
	if (option && option->line)
		return arena_printf(f->m, "%s=%.*s (line %u of its config)", c->property, SHOWN,
		                    c->path, option->line);
	return arena_printf(f->m, "%s=%.*s", c->property, SHOWN, c->path);
}

static bool is_after_the_end(const struct unit_command *c)
{
	return str_starts(c->property, "ExecStop");
}

static const char *command_text(const struct failure *f, const struct unit_command *c)
{
	const char *name = command_name(f, c);

	if (str_eq(f->s->result, "timeout") && c->code != CLD_EXITED && !is_after_the_end(c))
		return timeout_text(f, name);
	return arena_printf(f->m, "%s %s", name, ended(f->m, c->code, c->status));
}

/* The first that failed on the way up, or on the way down. */
static const struct unit_command *failed_command(const struct failure *f, bool after)
{
	for (size_t i = 0; i < f->service.command_count; i++) {
		const struct unit_command *c = &f->service.commands[i];

		if (is_after_the_end(c) == after && unit_command_failed(c)) return c;
	}
	return NULL;
}

/* -- the whole -- */

static const char *unmet_text(const struct failure *f)
{
	const struct unit_condition *c = f->service.unmet;

	if (!f->service.unmet_count) return "a condition of its unit is not met";
	return arena_printf(f->m, "%s=%s%.*s is not met", c->name, c->negated ? "!" : "", SHOWN,
	                    c->value);
}

/* What systemd-nspawn, the main process, ran, if that is how it ended. */
static const char *main_name(const struct failure *f)
{
	if (!f->plan->command || !f->s->active_enter || f->s->exec_code != CLD_EXITED)
		return "systemd-nspawn";
	return arena_printf(f->m, "its command %.*s", SHOWN, f->plan->command);
}

static const char *main_text(const struct failure *f)
{
	const char *nspawn = main_name(f);
	const struct unit_state *s = f->s;
	bool died = s->exec_code && (s->exec_code != CLD_EXITED || s->exec_status);

	if (str_eq(s->result, "timeout")) return timeout_text(f, nspawn);
	if (str_eq(s->result, "protocol"))
		return died ? arena_printf(f->m, "%s %s before it was ready", nspawn,
		                           ended(f->m, s->exec_code, s->exec_status))
		            : "systemd-nspawn ended before it was ready";
	if (died || (f->plan->command && s->exec_code))
		return arena_printf(f->m, "%s %s", nspawn,
		                    ended(f->m, s->exec_code, s->exec_status));
	if (str_eq(f->job, "done") && str_eq(s->result, "success"))
		return f->service.unmet_count || !s->exec_start
		               ? unmet_text(f)
		               : "it ended as soon as it had started";
	/* Where the unit cannot be asked any more, on systemd's private socket. */
	if (str_eq(s->result, "exit-code")) return "a hook failed";
	return arena_printf(f->m, "the unit's result is '%s'",
	                    *s->result ? s->result : "unknown");
}

static const char *reason(const struct failure *f)
{
	const struct unit_command *hook = failed_command(f, false);
	const char *text;

	if (str_eq(f->job, "assert")) return unmet_text(f);
	if ((text = SENTENCE(job_sentences, f->job))) return text;
	if ((text = SENTENCE(unit_sentences, f->s->result))) return text;
	return hook ? command_text(f, hook) : main_text(f);
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

/* What a hook says is told apart from what the jail says by the name of its program,
 * which the log has unless the user chose another. */
static const char *identifier(const struct failure *f)
{
	const struct unit_command *hook = failed_command(f, false);
	const char *slash;

	if (!hook || run_options_set(&f->plan->run, "SyslogIdentifier")) return NULL;
	slash = strrchr(hook->path, '/');
	return slash ? slash + 1 : hook->path;
}

static void show_log(const struct failure *f, const struct timespec *begun)
{
	const struct journal_want want = {
		.unit = f->plan->unit,
		.invocation = invocation_text(f->m, f->s),
		.identifier = identifier(f),
		.since = *begun,
		.lines = LOG_LINES,
	};
	const char *log = journal_tail(f->m, &want);

	if (!*log) return;
	out_note("The last lines of its log:");
	out_quote(log);
}

/* The log first, the reason last: what stands at the bottom is what gets read. */
int start_failed(struct engine *en, const struct unit_watch *uw, const struct plan *plan,
                 const struct timespec *begun, struct err *e)
{
	struct failure f = {
		.m = en->m,
		.plan = plan,
		.s = unit_is_loaded(&uw->state) ? &uw->state : &uw->last,
		.job = uw->job_result ? uw->job_result : "",
	};
	const struct unit_command *after;

	unit_service(en->bus, plan->unit, en->m, &f.service, NULL);
	show_log(&f, begun);
	out_note("Its job ended as '%s', its unit is %s (%s), with the result '%s'", f.job,
	         *f.s->active ? f.s->active : "gone", f.s->sub, f.s->result);
	if ((after = failed_command(&f, true))) out_note("And %s", command_text(&f, after));
	return fail(e, ERR_HOST, "%s; 'jlmkr edit %s' opens its config", reason(&f),
	            plan->jail);
}
