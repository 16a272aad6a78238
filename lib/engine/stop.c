/* A jail is asked to power off by a signal to its init, which loses it when it comes
 * before the init listens: so it is sent again until something happens. What does
 * not help in time is followed by what helps more: systemd's own stop, then the
 * kill.
 *
 * The signal is sent by us and not by machined, which may be missing, or gone with
 * the system bus. */

#include <inttypes.h>
#include <signal.h>

#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/systemd/manager.h"

enum {
	POWEROFF = 38,			/* systemd's SIGRTMIN+4, counted from glibc's 34 */
	ASK_AGAIN_MS = 250,		/* doubled each time, up to the other */
	ASK_SELDOM_MS = 2000,
	LEADER_WAIT_MS = 2000, KILL_WAIT_MS = 10000,
	USUAL_SECONDS = 90,
};

struct stopping {
	struct engine *en;
	const struct jail *jail;
	const struct stop_how *how;
	const char *foreign;		/* the other unit that it runs under; or NULL */
	struct unit_watch *uw;
	const char *goes_on;		/* when we are interrupted now */
	bool is_command;		/* its unit knows how to end it */
};

/* -- the same as those of the watch, over a new connection if need be -- */

static int wait_end(const struct stopping *s, int64_t deadline, struct err *e)
{
	int rc;

	while ((rc = unit_wait_end(s->uw, deadline, e)) < 0)
		if (engine_resume(s->en, s->uw, e) < 0) return -1;
	return rc;
}

static int read_state(const struct stopping *s, struct err *e)
{
	while (unit_read(s->uw, e) < 0)
		if (engine_resume(s->en, s->uw, e) < 0) return -1;
	return 0;
}

static int request_stop(const struct stopping *s, struct err *e)
{
	while (unit_stop(s->uw, e) < 0)
		if (engine_resume(s->en, s->uw, e) < 0) return -1;
	s->uw->restarting = false;
	return 0;
}

static int kill_all(const struct stopping *s, struct err *e)
{
	while (unit_kill(s->uw->bus, s->uw->unit, "all", SIGKILL, e) < 0)
		if (engine_resume(s->en, s->uw, e) < 0) return -1;
	return 0;
}

/* -- the steps: 1 gone, 0 not in time, -1 -- */

/* 1 asked, 0 when there is nobody to ask. */
static int ask(struct stopping *s, struct err *e)
{
	while (engine_signal(s->en, s->jail, POWEROFF, e) < 0) {
		if (e->kind == ERR_MISSING) return 0;
		if (engine_resume(s->en, s->uw, e) < 0) return -1;
	}
	s->goes_on = "was asked to shut down and goes on with that";
	return 1;
}

/* Its processes may be gone while its post_stop_hook runs; else it has not begun, or
 * is between two boots. */
static int without_leader(struct stopping *s, int64_t deadline, struct err *e)
{
	if (read_state(s, e) < 0) return -1;
	if (unit_is_over(&s->uw->state)) return 1;
	return str_eq(s->uw->state.active, "deactivating") ? wait_end(s, deadline, e) : 0;
}

/* Wait for `*pause` at most, which is longer the next time. */
static int wait_a_while(struct stopping *s, int64_t *pause, int64_t deadline, struct err *e)
{
	int64_t again = deadline_earlier(deadline, deadline_in(*pause));

	*pause = *pause * 2 < ASK_SELDOM_MS ? *pause * 2 : ASK_SELDOM_MS;
	return wait_end(s, again, e);
}

static int power_off(struct stopping *s, int64_t deadline, struct err *e)
{
	int64_t pause = ASK_AGAIN_MS;
	int rc;

	while (deadline_left(deadline) > 0 && !s->uw->restarting) {
		if ((rc = ask(s, e)) < 0) return -1;
		if (rc == 0) return without_leader(s, deadline, e);
		if ((rc = wait_a_while(s, &pause, deadline, e)) != 0) return rc;
	}
	return 0;
}

/* systemd sends its signal once, and a jail that begins to run just then loses that one,
 * too. */
static int stop_unit(struct stopping *s, int64_t deadline, struct err *e)
{
	int64_t pause = ASK_AGAIN_MS;
	int rc;

	/* A refusal (of a unit whose file systemd cannot read any more) leaves the kill. */
	if (request_stop(s, e) < 0) return e->kind == ERR_MISSING ? 1 : check_signal(e);
	s->goes_on = "is being stopped by systemd, which goes on with that";
	while (deadline_left(deadline) > 0) {
		if ((rc = wait_a_while(s, &pause, deadline, e)) != 0) return rc;
		if (!s->is_command && ask(s, e) < 0) return -1;
	}
	return 0;
}

/* The stop job comes first: without it systemd may start the unit again. Then the jail's first
 * process, with which all of them end, so that systemd-nspawn can clear away what it has made:
 * a mount that it leaves behind keeps a newer one from starting. */
static int kill_unit(struct stopping *s, struct err *e)
{
	int rc;

	if (request_stop(s, e) < 0 && e->kind == ERR_MISSING) return 1;
	s->goes_on = "was killed";
	if (engine_signal(s->en, s->jail, SIGKILL, NULL) == 0 &&
	    (rc = wait_end(s, deadline_in(LEADER_WAIT_MS), e)) != 0)
		return rc;
	if (kill_all(s, e) < 0 && e->kind != ERR_MISSING) return -1;
	if ((rc = wait_end(s, deadline_in(KILL_WAIT_MS), e)) != 0) return rc;
	return fail(e, ERR_BUSY, "the processes of %s do not end, even killed", s->jail->name);
}

int64_t stop_seconds(long asked, uint64_t own)
{
	int64_t seconds = (int64_t)(own / 1000000);

	if (asked != STOP_USUAL) return asked;
	if (own == UNIT_UNKNOWN) return -1;
	return seconds > USUAL_SECONDS ? seconds : USUAL_SECONDS;
}

static int64_t deadline_of(int64_t seconds)
{
	return seconds < 0 ? NO_DEADLINE : deadline_in(seconds * 1000);
}

/* power_off, and why it was not enough. */
static int power_off_told(struct stopping *s, int64_t seconds, struct err *e)
{
	int64_t deadline = deadline_of(seconds);
	int rc = power_off(s, deadline, e);

	if (rc != 0) return rc;
	if (s->uw->restarting)
		out_note("%s reboots instead of shutting down, stopping its unit",
		         s->jail->name);
	else if (deadline_left(deadline))
		out_note("%s has not begun to run, stopping its unit", s->jail->name);
	else
		out_note("%s did not shut down within %" PRId64 " s, stopping its unit",
		         s->jail->name, seconds);
	return 0;
}

static int stop_by_steps(struct stopping *s, struct err *e)
{
	int64_t seconds = stop_seconds(s->how->timeout, s->uw->state.stop_timeout);
	int rc;

	if (s->how->now) return kill_unit(s, e);
	if (!s->is_command && (rc = power_off_told(s, seconds, e)) != 0) return rc;
	if ((rc = stop_unit(s, deadline_of(seconds), e)) != 0) return rc;
	out_note("%s does not stop within %" PRId64 " s, killing it", s->jail->name, seconds);
	return kill_unit(s, e);
}

static int hold(const struct stopping *s, struct err *e)
{
	while (unit_hold(s->uw, e) < 0)
		if (engine_resume(s->en, s->uw, e) < 0) return -1;
	return read_state(s, e);
}

static bool is_another(const struct stopping *s)
{
	const char *where = s->foreign ? NULL : unit_elsewhere(s->en, s->jail, &s->uw->state);

	if (where)
		out_note("The %s that runs is another jail, in %s: it is left alone",
		         s->jail->name, where);
	return where != NULL;
}

static int stop_held(struct stopping *s, struct err *e)
{
	const char *unit = s->foreign ? s->foreign : name_unit(s->en->m, s->jail->name);

	if (s->foreign) out_note("%s runs under another unit, %s", s->jail->name, s->foreign);
	if (unit_watch(s->uw, s->en->bus, unit, e) < 0) return -1;
	if (hold(s, e) < 0) return e->kind == ERR_MISSING ? 1 : -1;
	if (unit_is_over(&s->uw->state) || is_another(s)) return 1;
	s->is_command = keeper_runs_command(s->en->m, (pid_t)s->uw->state.main_pid);
	if (stop_by_steps(s, e) > 0) return 0;
	if (e->kind == ERR_INTERRUPTED && s->goes_on)
		fail(e, ERR_INTERRUPTED, "interrupted; %s %s", s->jail->name, s->goes_on);
	return -1;
}

/* The unit that was held is forgotten with the connection, so that the jail can be
 * started again. */
int engine_stop(struct engine *en, const struct jail *j, const struct stop_how *how,
                struct err *e)
{
	struct unit_watch uw = { 0 };
	struct stopping s = {
		.en = en, .jail = j, .how = how, .foreign = engine_foreign(en, j), .uw = &uw
	};
	AUTOLOCK int lock = stopping_lock(en, j, true, NULL);	/* a sign for a start */
	int rc;

	if (engine_open(en, e) < 0) return -1;
	rc = stop_held(&s, e);
	unit_unwatch(&uw);
	if (rc >= 0) engine_forget(en, j);
	engine_close(en);
	return rc;
}
