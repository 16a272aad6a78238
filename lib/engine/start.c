/* What systemd says about a start has to be checked: a job that is "done" may leave
 * a unit that is not active, and a failed unit tells why only while we hold it. */

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/journal.h"
#include "lib/engine/request.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/jail/plan.h"
#include "lib/systemd/manager.h"
#include "lib/systemd/props/props.h"

enum {
	UNLOAD_MS = 3000, UNLOAD_STEP_MS = 5, LOOK_MS = 50,
	NUDGE_MS = 2000,
	FIRST_MS = 250, FIRST_STEP_MS = 5, CLEANUP_MS = 10 * 1000,
	SETTLE_MS = 90 * 1000, LEADER_MS = 1000,
	JAIL_ENDING = JAIL_STOPPING + 1,
	POWEROFF = 38,			/* systemd's SIGRTMIN+4, counted from glibc's 34 */
};

static int send_start(struct engine *en, struct unit_watch *uw, const struct plan *plan,
                      struct err *e)
{
	bool on_broker = bus_kind(en->bus) == BUS_BROKER;
	struct wire w;

	if (request_build(&w, en->m, plan, on_broker, e) < 0) return -1;
	return unit_send_start(uw, &w, e);
}

/* An enum jail_state; one that runs but shuts down is JAIL_ENDING, and has this leader, if
 * any. */
static int state_to_come(struct engine *en, const struct jail *j, pid_t *leader, struct err *e)
{
	struct unit_state s;
	int state;

	*leader = 0;
	if (engine_open(en, e) < 0 ||
	    unit_get(en->bus, name_unit(en->m, j->name), en->m, &s, e) < 0)
		return -1;
	state = unit_jail_state(en, j, &s, NULL);
	if (state != JAIL_UP || !unit_is_ending(en, j, &s)) return state;
	*leader = unit_leader(en, j, &s);
	return JAIL_ENDING;
}

/* A while, or until the leader has ended. */
static int wait_end(pid_t leader, struct err *e)
{
	AUTOCLOSE int fd = leader ? (int)syscall(SYS_pidfd_open, leader, 0) : -1;

	if (fd < 0) return wait_fds(NULL, 0, deadline_in(LOOK_MS), e);
	return wait_fd(fd, POLLIN, deadline_in(LEADER_MS), e) < 0 ? -1 : 0;
}

static const char *const settling[] = {
	[JAIL_STARTING] = "is starting already: waiting for that",
	[JAIL_STOPPING] = "is stopping already: waiting for that",
	[JAIL_ENDING] = "is shutting down: waiting",
};

int engine_settle(struct engine *en, const struct jail *j, struct err *e)
{
	int64_t deadline = deadline_in(SETTLE_MS);
	int state, told = JAIL_DEAD;
	pid_t leader;

	while ((state = state_to_come(en, j, &leader, e)) >= 0 && settling[state]) {
		if (told != state) out_note("%s %s", j->name, settling[state]);
		told = state;
		/* What systemd does has an end that systemd sees to. */
		if (state != JAIL_ENDING) deadline = deadline_in(SETTLE_MS);
		if (!deadline_left(deadline))
			return fail(
				e, ERR_BUSY,
				"%s has been shutting down for %d s; 'jlmkr stop %s' ends it",
				j->name, SETTLE_MS / 1000, j->name);
		if (wait_end(leader, e) < 0) return -1;
	}
	return state < 0 ? -1 : 0;
}

/* A unit of that name is loaded. 0: it was a trace of an earlier run and is on its way out. */
static int make_way(struct engine *en, const struct jail *j, const struct plan *plan,
                    struct err *e)
{
	struct unit_state s;
	const char *where;
	int state;

	if (unit_get(en->bus, plan->unit, en->m, &s, e) < 0) return -1;
	state = unit_jail_state(en, j, &s, &where);
	if (where) return engine_fail_other(j, where, e);
	if (state == JAIL_UP) return unit_is_ending(en, j, &s) ? ENGINE_OTHERS : ENGINE_RAN;
	if (state != JAIL_DEAD) return ENGINE_OTHERS;
	if (str_eq(s.active, "failed") && unit_reset_failed(en->bus, plan->unit, e) < 0 &&
	    e->kind != ERR_MISSING)
		return -1;
	return 0;
}

/* systemd forgets a dead unit a moment after the last one who held it let go, and
 * tells nobody who does not hold it. */
static int send_until_free(struct engine *en, const struct jail *j, struct unit_watch *uw,
                           const struct plan *plan, struct err *e)
{
	int64_t deadline = 0;
	int rc;

	while ((rc = send_start(en, uw, plan, e)) < 0 && e->kind == ERR_EXISTS) {
		if (deadline && deadline_left(deadline) == 0) return -1;
		if ((rc = make_way(en, j, plan, e)) != 0) return rc;
		if (!deadline) deadline = deadline_in(UNLOAD_MS);
		if (wait_fds(NULL, 0, deadline_in(UNLOAD_STEP_MS), e) < 0) return -1;
	}
	return rc;
}

static int request_start(struct engine *en, const struct jail *j, struct unit_watch *uw,
                         const struct plan *plan, struct err *e)
{
	struct err why = { 0 };
	int rc;

	if (request_check(plan, e) < 0) return -1;
	rc = send_until_free(en, j, uw, plan, &why);
	if (rc >= 0) return rc;
	if (e) *e = why;
	/* Not for want of an answer, but in systemd's own words: */
	if (why.sys || (why.kind != ERR_HOST && why.kind != ERR_MISSING)) return -1;
	return request_blame(en, plan, e);
}

/* Wait until the watch's job is over and read the unit's state, over new connections if
 * need be. uw->job_result is "" when nobody heard how the job ended.
 *
 * When a hook fails after the jail has begun to boot, systemd asks nspawn to end, and the
 * jail that is not ready for it yet misses that: it would be waited for, for as long as a
 * stop may take. So it is asked again. */
static int await_job(struct engine *en, const struct jail *j, struct unit_watch *uw,
                     struct err *e)
{
	for (;;) {
		int rc = unit_wait_job(uw, deadline_in(NUDGE_MS), e);

		if (rc >= 0 && unit_read(uw, e) == 0) {
			if (rc) return 0;
			if (str_eq(uw->state.active, "deactivating"))
				engine_signal(en, j, POWEROFF, NULL);
		} else if (engine_resume(en, uw, e) < 0) {
			return -1;
		}
	}
}

static int not_awaited(const struct plan *plan, const struct err *why, struct err *e)
{
	if (why->kind == ERR_INTERRUPTED)
		return fail(e, ERR_INTERRUPTED,
		            "interrupted, but it goes on starting: "
		            "'jlmkr status %s' shows it, 'jlmkr stop %s' ends it",
		            plan->jail, plan->jail);
	if (e) *e = *why;
	return -1;
}

/* Whether the jail ends in its first moments: 1, 0, -1. An init that has begun to work has a
 * child. Of a command nothing tells but time. */
static int ends_early(struct engine *en, const struct jail *j, struct unit_watch *uw,
                      bool is_command, struct err *e)
{
	int64_t deadline = deadline_in(FIRST_MS);
	pid_t leader = unit_leader(en, j, &uw->state);
	AUTOCLOSE int fd = leader ? (int)syscall(SYS_pidfd_open, leader, 0) : -1;
	int rc = 0;

	while (fd >= 0 && rc == 0 && deadline_left(deadline) &&
	       (is_command || !process_child(en->m, (uint32_t)leader)))
		if ((rc = wait_fd(fd, POLLIN, deadline_in(FIRST_STEP_MS), e)) < 0) return -1;
	if (fd >= 0 && rc == 0) return 0;
	return unit_wait_end(uw, deadline_in(CLEANUP_MS), e);
}

int engine_start(struct engine *en, struct jail *j, const struct plan *plan, bool watch,
                 struct err *e)
{
	AUTOWATCH struct unit_watch uw = { 0 };
	struct timespec begun;
	struct err why = { 0 };
	int rc;

	clock_gettime(CLOCK_REALTIME, &begun);
	if (engine_open(en, e) < 0 || unit_watch(&uw, en->bus, plan->unit, e) < 0) return -1;
	engine_forget(en, j);
	if ((rc = request_start(en, j, &uw, plan, e)) != 0) return rc;
	jail_unlock(j);
	if (await_job(en, j, &uw, &why) < 0) return not_awaited(plan, &why, e);
	if ((str_eq(uw.job_result, "done") || !*uw.job_result) &&
	    unit_is_loaded(&uw.state) && !unit_is_over(&uw.state)) {
		rc = watch || plan->command ? ends_early(en, j, &uw, plan->command, &why) : 0;
		if (rc == 0) return ENGINE_STARTED;
		if (rc < 0) return not_awaited(plan, &why, e);
	}
	if (!*uw.job_result && !unit_is_loaded(&uw.state))
		return fail(
			e, ERR_HOST,
			"the jail stopped, but its result is unknown, because the connection "
			"to systemd was lost; see 'jlmkr log %s'",
			plan->jail);
	return start_failed(en, &uw, plan, &begun, e);
}
