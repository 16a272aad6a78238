/* A jail is asked to power off by a signal to its init, which loses it when it comes
 * before the init listens: so it is sent again until something happens. What does
 * not help in time is followed by what helps more: systemd's own stop, then the
 * kill. */

#include <errno.h>
#include <signal.h>

#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/bus/bus.h"
#include "lib/bus/machine1.h"
#include "lib/bus/systemd1.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/jail/name.h"

enum {
	POWEROFF = 38,			/* systemd's SIGRTMIN+4, counted from glibc's 34 */
	ASK_AGAIN_MS = 500,		/* doubled each time */
	KILL_WAIT_MS = 10000,
};

/* 0 when asked, 1 when there is nobody to ask. */
static int ask(struct engine *en, const char *jail, struct err *e)
{
	if (bus_kind(en->bus) == BUS_PEER) return 1;
	if (machine_kill(en->bus, jail, "leader", POWEROFF, e) == 0) return 0;
	return e->kind == ERR_MISSING || e->sys == ENOSYS ? 1 : -1;
}

/* 1 gone, 0 not in time, or not to be asked. */
static int power_off(struct engine *en, struct unit_watch *uw, const char *jail, int64_t deadline,
                     struct err *e)
{
	int64_t pause = ASK_AGAIN_MS, again;
	int rc;

	for (; deadline_left(deadline) > 0; pause *= 2) {
		if ((rc = ask(en, jail, e)) != 0) return rc < 0 ? -1 : 0;
		again = deadline_in(pause);
		rc = unit_wait_end(uw, again < deadline ? again : deadline, e);
		if (rc != 0) return rc;
	}
	return 0;
}

static int stop_unit(struct unit_watch *uw, int64_t deadline, struct err *e)
{
	/* A refusal (of a unit whose file systemd cannot read any more) leaves the kill. */
	if (unit_stop(uw, e) < 0) return e->kind == ERR_MISSING ? 1 : check_signal(e);
	return unit_wait_end(uw, deadline, e);
}

/* The stop job comes first: without it systemd may start the unit again. */
static int kill_unit(struct unit_watch *uw, struct err *e)
{
	int rc;

	if (unit_stop(uw, e) < 0 && e->kind == ERR_MISSING) return 0;
	if (unit_kill(uw->bus, uw->unit, "all", SIGKILL, e) < 0 && e->kind != ERR_MISSING) return -1;
	if ((rc = unit_wait_end(uw, deadline_in(KILL_WAIT_MS), e)) < 0) return -1;
	return rc ? 0 : fail(e, ERR_BUSY, "its processes do not end, even killed");
}

static int stop_by_steps(struct engine *en, struct unit_watch *uw, const char *jail,
                         const struct stop_how *how, struct err *e)
{
	int64_t ms = (int64_t)how->timeout * 1000;
	int rc;

	if (how->now) return kill_unit(uw, e);
	if ((rc = power_off(en, uw, jail, deadline_in(ms), e)) != 0) return rc < 0 ? -1 : 0;
	out_note("%s did not shut down by itself, stopping its unit", jail);
	if ((rc = stop_unit(uw, deadline_in(ms), e)) != 0) return rc < 0 ? -1 : 0;
	out_note("%s does not stop, killing it", jail);
	return kill_unit(uw, e);
}

static int stop_held(struct engine *en, const char *jail, const struct stop_how *how,
                     struct err *e)
{
	AUTOWATCH struct unit_watch uw = { 0 };

	if (unit_watch(&uw, en->bus, name_unit(en->m, jail), e) < 0) return -1;
	if (unit_hold(&uw, e) < 0) return e->kind == ERR_MISSING ? 1 : -1;
	if (unit_read(&uw, e) < 0) return -1;
	if (!unit_is_loaded(&uw.state) || unit_is_over(&uw.state)) return 1;
	return stop_by_steps(en, &uw, jail, how, e);
}

/* The unit that was held is forgotten with the connection, so that the jail can be
 * started again. */
int engine_stop(struct engine *en, const char *jail, const struct stop_how *how, struct err *e)
{
	int rc;

	if (engine_open(en, e) < 0) return -1;
	rc = stop_held(en, jail, how, e);
	engine_close(en);
	return rc;
}
