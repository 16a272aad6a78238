#include <errno.h>
#include <signal.h>
#include <sys/random.h>

#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/terminal.h"
#include "lib/jail/jail.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_unit.h"

enum { REACH_MS = 10 * 1000 };

/* Nobody else's unit has this name, in whichever jail. */
static const char *unit_name(struct arena *m)
{
	uint64_t r = 0;

	while (getrandom(&r, sizeof r, 0) != sizeof r)
		;
	return arena_printf(m, "jlmkr-exec-%016llx.service", (unsigned long long)r);
}

int jail_unit_open(struct jail_unit *in, struct engine *en, const struct jail *j, long seconds,
                   struct err *e)
{
	pid_t leader;

	*in = (struct jail_unit){ .m = en->m, .jail = j->name, .unit = unit_name(en->m) };
	in->in = nsenter_none();
	if (engine_leader(en, j, &leader, e) < 0 || nsenter_open(&in->in, leader, e) < 0)
		return -1;
	if ((in->is_command = leader_runs_command(en->m, leader))) {
		fail(e, ERR_HOST, "%s runs a command, and has no systemd", j->name);
		if (e) e->sys = ENOSYS;
		return -1;
	}
	in->bus = nsenter_bus(&in->in, deadline_in((int64_t)seconds * 1000), e);
	if (!in->bus) return fail_in(e, "%s", j->name);
	return unit_watch(&in->watch, in->bus, in->unit, e);
}

void jail_unit_close(struct jail_unit *in)
{
	if (in->watch.bus) unit_unwatch(&in->watch);
	bus_close(in->bus);
	if (in->over) watchdog_dismiss(&in->guard);
	else watchdog_leave(&in->guard);
	nsenter_close(&in->in);
}

int jail_unit_start(struct jail_unit *in, const struct run_options *o, const int stdio[3],
                    char *const *argv, struct err *e)
{
	const struct run_unit u = {
		.on_broker = bus_kind(in->bus) == BUS_BROKER,
		.stdio = stdio,
		.path = argv[0],
		.argv = argv,
		.verbatim = true,
	};
	struct wire w;

	in->over = true;
	in->program = argv[0];
	unit_begin_start(&w, in->m, in->unit);
	if (run_unit_add(&w, o, &u, e) < 0) return -1;
	if (watchdog_start(&in->guard, &in->in, in->unit, e) < 0) return -1;
	in->over = false;
	if (unit_send_start(&in->watch, &w, e) == 0) return 0;
	in->over = !e->sys && e->kind != ERR_INTERRUPTED;
	return -1;
}

/* The first signal goes to the command, a second one ends it. */
static int hand_on(struct jail_unit *in, int sig, struct err *e)
{
	bool first = ++in->sig_count == 1;
	int rc = first && !in->stop_on_signal ? unit_kill(in->bus, in->unit, "all", sig, e)
					      : unit_stop(&in->watch, e);

	in->sig = sig;
	return rc < 0 && e->kind != ERR_MISSING ? -1 : 0;
}

static bool is_lost(const struct err *e)
{
	return e->sys == ECONNRESET || e->sys == EPIPE || e->sys == ETIMEDOUT;
}

int jail_unit_resume(struct jail_unit *in, struct err *e)
{
	struct bus *b;

	if (!is_lost(e)) return -1;
	b = nsenter_bus(&in->in, deadline_in(REACH_MS), e);
	if (!b && e->kind == ERR_MISSING) {
		in->over = true;
		return fail(e, ERR_HOST, "%s ended meanwhile", in->jail);
	}
	if (!b) return fail_in(e, "%s", in->jail);
	if (unit_rewatch(&in->watch, b, e) < 0) {
		bus_close(b);
		return is_lost(e) ? jail_unit_resume(in, e) : -1;
	}
	bus_close(in->bus);
	in->bus = b;
	return 0;
}

/* systemd ends its services with a signal that counts as a success. */
static bool ended_with_jail(const struct jail_unit *in, const struct unit_state *s)
{
	const char *state;

	if (s->exec_code != CLD_KILLED) return false;
	state = systemd_state(in->bus, in->m, NULL);
	return !state || str_eq(state, "stopping");
}

/* With Type=exec a start that fails is one whose program was not run, mostly. A session, which
 * is not of that type, is asked only whether there is such a user. */
static bool never_ran(const struct jail_unit *in, const struct unit_state *s)
{
	const char *job = in->watch.job_result;

	if (!diagnose_exec_status(s->exec_status)) return false;
	return (job && !str_eq(job, "done")) || s->exec_status == DIAGNOSE_NO_USER;
}

/* As a shell has it. To systemd, some signals count as a success. */
static int exit_status(const struct jail_unit *in, struct err *e)
{
	bool loaded = unit_is_loaded(&in->watch.state);
	const struct unit_state *s = loaded ? &in->watch.state : &in->watch.last;

	if (ended_with_jail(in, s)) return fail(e, ERR_HOST, "%s ended meanwhile", in->jail);
	if (!loaded && !*s->result)
		return fail(e, ERR_HOST, "%s: its bus was restarted, how the command ended "
		            "is not known", in->jail);
	if (s->exec_code == CLD_KILLED || s->exec_code == CLD_DUMPED)
		return 128 + s->exec_status;
	if (str_eq(s->result, "success")) return 0;
	/* Not the command, but what it left behind, which had to be killed. */
	if (str_eq(s->result, "timeout") && s->exec_code == CLD_EXITED) return s->exec_status;
	if (!str_eq(s->result, "exit-code") || s->exec_status <= 0) return 1;
	return never_ran(in, s) ? diagnose_exec_tell(in, s->exec_status, e) : s->exec_status;
}

int jail_unit_wait(struct jail_unit *in, struct err *e)
{
	while (unit_wait_end(&in->watch, NO_DEADLINE, e) < 0) {
		int sig = signal_caught();

		if (e->kind != ERR_INTERRUPTED) {
			if (jail_unit_resume(in, e) < 0) return -1;
			continue;
		}
		signal_forget();
		if (hand_on(in, sig, e) < 0 && jail_unit_resume(in, e) < 0) return -1;
	}
	in->over = true;
	if (in->sig && in->stop_on_signal) return fail(e, ERR_INTERRUPTED, "interrupted");
	return in->sig ? 128 + in->sig : exit_status(in, e);
}

/* Who sits at a terminal. A connection that is lost is made anew behind his back. */
struct seat {
	struct jail_unit *in;
	struct terminal *t;
};

static int is_over(void *arg, struct err *e)
{
	struct seat *s = arg;
	int rc;

	while ((rc = unit_wait_end(&s->in->watch, 0, e)) < 0)
		if (e->kind == ERR_INTERRUPTED || jail_unit_resume(s->in, e) < 0) return -1;
	s->t->watch = bus_fd(s->in->bus);
	return rc;
}

static int signalled(void *arg, int sig, struct err *e)
{
	struct seat *s = arg;

	return hand_on(s->in, sig, e) < 0 ? jail_unit_resume(s->in, e) : 0;
}

static int end_session(struct jail_unit *in, int sig)
{
	signal_forget();
	unit_kill(in->bus, in->unit, "all", SIGHUP, NULL);
	return 128 + sig;
}

int jail_unit_run_terminal(struct jail_unit *in, struct terminal *t, struct err *e)
{
	struct seat seat = { in, t };
	int end;

	t->watch = bus_fd(in->bus);
	t->over = is_over;
	t->signalled = t->leaves ? NULL : signalled;
	t->arg = &seat;
	end = terminal_run(t, e);
	t->arg = NULL;
	if (end < 0) return signal_caught() ? end_session(in, signal_caught()) : -1;
	if (end == TERMINAL_LEFT) {
		out_note("Left %s.", in->jail);
		return 0;
	}
	return jail_unit_wait(in, e);
}
