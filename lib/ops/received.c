#include "lib/ops/receiving.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/disk/passes.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_snaps.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/jail/standby.h"
#include "lib/ops/arrival.h"
#include "lib/ops/start.h"

/* -- what was received becomes a jail -- */

int session_finish(struct session *s, const struct letter *l, struct str *answer,
		   struct err *e)
{
	const char *from = letter_get(l, "jail");
	bool standby = letter_get(l, "standby") != NULL;
	const struct arrival a = {
		.m = s->m, .box = &s->box, .is_open = s->is_open, .jail = from,
		.shown = "the jail that it was copied from",
		.raw = letter_get(l, "raw") != NULL,
	};

	if ((!s->box.box || s->jail) && !s->by_files)
		return fail(e, ERR_INPUT, "nothing was received");
	if (!from || !name_is_entry(from)) return fail(e, ERR_INPUT, "no name");
	if (s->has_tree || s->by_files) {
		if (session_finish_tree(s, l, e) < 0) return -1;
		letter_add(answer, "finished", s->name);
		return session_look_again(s, e);
	}
	if (standby ? arrival_standby(&a, e) < 0 : arrival_own(&a, e) < 0) return -1;
	if (incoming_finish(&s->box, e) < 0) return -1;
	letter_add(answer, "finished", s->name);
	return standby ? session_look_again(s, e) : 0;
}

/* -- what becomes of a standby -- */

static int start_jail(struct session *s, struct jail *j, struct err *e)
{
	if (op_start(s->en, j, e) < 0) return -1;
	if (jail_runs(engine_state(s->en, j, NULL, NULL))) return 0;
	return fail(e, ERR_HOST, "it has ended right after its start");
}

/* It did not start, and is what it was: the first machine has its jail still. */
static void be_standby_again(struct session *s, struct jail *j)
{
	const struct stop_how how = { .timeout = STOP_USUAL };
	const char *newest = s->now.n ? s->now.v[s->now.n - 1].label : NULL;
	struct err why = { 0 };

	signal_forget();
	engine_stop(s->en, j, &how, &why);
	jail_leave(j);
	if (newest && zfs_rollback(s->jail, newest, false, &why) < 0)
		out_warn("what its start has changed in %s is not taken back: %s", s->name,
		         why.text);
	if (zfs_set_standby(s->jail, ZFS_STANDBY, &why) < 0)
		out_warn("%s is not a standby again: %s", s->name, why.text);
}

/* The same of a tree. What its start has changed, the next copy takes back. */
static int start_or_return(struct session *s, int dir, struct err *e)
{
	const struct stop_how how = { .timeout = STOP_USUAL };
	AUTOJAIL j = NO_JAIL;
	struct err why = { 0 };

	if (jail_open(s->m, s->en->host->dir, s->name, &j, e) == 0 && start_jail(s, &j, e) == 0)
		return 0;
	signal_forget();
	if (j.name) engine_stop(s->en, &j, &how, &why);
	if (standby_return(dir, &why) < 0)
		out_warn("%s is not a standby again: %s", s->name, why.text);
	return -1;
}

/* The list goes first, which says what the files of a standby are. */
static int take_over_files(struct session *s, const struct letter *l, struct str *answer,
                           struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(&s->jails, s->name, e);

	if (dir < 0 || passes_settle(dir, e) < 0) return -1;
	passes_forget_list(dir);
	if (passes_delete(dir, e) < 0 || standby_end(dir, true, e) < 0) return -1;
	if (letter_get(l, "start") && start_or_return(s, dir, e) < 0)
		return session_look_again(s, NULL), -1;
	letter_add(answer, "took", s->name);
	return session_look_again(s, e);
}

/* Nobody asks any more whether it was taken over. */
static int forget_taken(struct session *s, struct str *answer, struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(&s->jails, s->name, e);

	if (dir < 0) return -1;
	standby_forget(dir);
	letter_add(answer, "dropped", "");
	return session_look_again(s, e);
}

/* Each stream since the first one has brought other files. */
static int check_standby(struct session *s, struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(&s->jails, s->name, e);

	return dir < 0 ? -1 : arrival_check_stream(dir, s->name, e);
}

int session_take_over(struct session *s, const struct letter *l, struct str *answer,
		      struct err *e)
{
	AUTOJAIL j = NO_JAIL;
	bool was_standby = s->is_standby;

	if (!s->jail) return fail(e, ERR_MISSING, "there is no jail to take over");
	if (s->by_files) return take_over_files(s, l, answer, e);
	if (was_standby && (check_standby(s, e) < 0 || zfs_end_standby(s->jail, e) < 0))
		return -1;
	s->is_standby = false;
	if (letter_get(l, "start")) {
		if (jail_open(s->m, s->en->host->dir, s->name, &j, e) < 0) return -1;
		if (start_jail(s, &j, e) < 0) {
			if (was_standby) be_standby_again(s, &j);
			return -1;
		}
	}
	letter_add(answer, "took", s->name);
	return 0;
}

/* Only what a copy made, and needs no longer. */
int session_drop(struct session *s, const struct letter *l, struct str *answer,
		 struct err *e)
{
	const char *label = letter_get(l, "label");

	if (s->id && !s->is_standby) return forget_taken(s, answer, e);
	if (!label || !s->jail) return fail(e, ERR_INPUT, "no label");
	if (session_look_again(s, e) < 0) return -1;
	for (size_t i = 0; i < s->now.n; i++)
		if (str_eq(s->now.v[i].label, label) && session_is_of_copy(&s->now.v[i]) &&
		    !s->now.v[i].held && zfs_snaps_destroy(s->jail, label, e) < 0)
			return -1;
	letter_add(answer, "dropped", label);
	return 0;
}
