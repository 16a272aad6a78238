#include <errno.h>
#include <signal.h>
#include <sys/random.h>

#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/bus/bus.h"
#include "lib/bus/props.h"
#include "lib/bus/runopts.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"

enum {
	EXEC_FAILED = 203,	/* systemd.exec(5): the program could not be run */
	NOT_FOUND = 127,	/* what a shell says for it */
};

/* Nobody else's unit has this name, in whichever jail. */
static const char *unit_name(struct arena *m)
{
	uint64_t r = 0;

	while (getrandom(&r, sizeof r, 0) != sizeof r)
		;
	return arena_printf(m, "jlmkr-exec-%016llx.service", (unsigned long long)r);
}

int inner_open(struct inner *in, struct engine *en, const char *jail, long seconds,
               struct err *e)
{
	pid_t leader;

	*in = (struct inner){ .m = en->m, .jail = jail, .unit = unit_name(en->m) };
	in->in.pidfd = in->in.root = -1;
	for (int i = 0; i < ENTER_NS_COUNT; i++)
		in->in.ns[i] = -1;
	if (engine_leader(en, jail, &leader, e) < 0 || enter_open(&in->in, leader, e) < 0) return -1;
	in->bus = enter_bus(&in->in, deadline_in((int64_t)seconds * 1000), e);
	if (!in->bus) return fail_in(e, "%s", jail);
	return unit_watch(&in->watch, in->bus, in->unit, e);
}

void inner_close(struct inner *in)
{
	if (in->watch.bus) unit_unwatch(&in->watch);
	bus_close(in->bus);
	enter_close(&in->in);
}

int inner_start(struct inner *in, const struct run_options *o, const int stdio[3],
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

	unit_begin_start(&w, in->m, in->unit);
	if (run_options_add(&w, o, &u, e) < 0) return -1;
	return unit_send_start(&in->watch, &w, e);
}

/* The first signal goes to the command, a second one ends it. */
static int hand_on(struct inner *in, int sig, int count, struct err *e)
{
	int rc = count == 1 ? unit_kill(in->bus, in->unit, "all", sig, e) : unit_stop(&in->watch, e);

	return rc < 0 && e->kind != ERR_MISSING ? -1 : 0;
}

/* What systemd-run --wait makes of it. */
static int exit_status(const struct inner *in)
{
	const struct unit_state *s = unit_is_loaded(&in->watch.state) ? &in->watch.state :
	                                                                &in->watch.last;

	if (str_eq(s->result, "success")) return 0;
	if (str_eq(s->result, "signal")) return 255;
	if (!str_eq(s->result, "exit-code") || s->exec_status <= 0) return 1;
	if (s->exec_status != EXEC_FAILED || !in->watch.job_result ||
	    str_eq(in->watch.job_result, "done"))
		return s->exec_status;
	out_warn("there is no such command in %s, or it cannot be run", in->jail);
	return NOT_FOUND;
}

int inner_wait(struct inner *in, struct err *e)
{
	int rc, sig = 0, count = 0;

	while ((rc = unit_wait_end(&in->watch, NO_DEADLINE, e)) < 0 && e->kind == ERR_INTERRUPTED) {
		sig = signal_caught();
		signal_forget();
		if (hand_on(in, sig, ++count, e) < 0) return -1;
	}
	if (rc < 0 && e->sys == ECONNRESET) return fail(e, ERR_HOST, "%s ended meanwhile", in->jail);
	if (rc < 0) return -1;
	return sig ? 128 + sig : exit_status(in);
}
