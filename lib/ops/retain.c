#include "lib/ops/retain.h"

#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/keep.h"
#include "lib/ops/copy.h"
#include "lib/ops/snapshot.h"
#include "lib/store/snapshot.h"

/* What jlmkr made of itself, the oldest first, and when. */
struct own {
	struct snapshot *v;
	int64_t *made;
	size_t n;
};

static bool is_scheduled(const struct snapshot *snap)
{
	return snap->why && str_eq(snap->why, SNAPSHOT_SCHEDULED);
}

/* The others go when the copy, the export or the clone that they are of needs them no more. */
static bool is_own(const struct snapshot *snap)
{
	static char *const counted[] = {
		SNAPSHOT_SCHEDULED, SNAPSHOT_CONFIG, SNAPSHOT_EDIT, SNAPSHOT_SETUP,
		SNAPSHOT_ROLLBACK, NULL
	};

	return snap->why && words_have(counted, snap->why);
}

static void own_add(struct own *own, const struct snapshot *snap)
{
	own->v[own->n] = *snap;
	own->made[own->n++] = snap->made;
}

/* With room for one more. */
static int find_own(const struct snapshots *s, struct own *own, struct err *e)
{
	size_t n;
	struct snapshot *all = snapshots_list(s, &n, e);

	if (!all) return -1;
	own->v = arena_array(s->m, n + 1, sizeof *own->v);
	own->made = arena_array(s->m, n + 1, sizeof *own->made);
	for (size_t i = 0; i < n; i++)
		if (is_own(&all[i])) own_add(own, &all[i]);
	return 0;
}

static bool is_due(const struct snapshots *s, const struct keep *k, const struct own *own,
                   int64_t now)
{
	int64_t *made = arena_array(s->m, own->n + 1, sizeof *made);
	size_t n = 0;

	for (size_t i = 0; i < own->n; i++)
		if (is_scheduled(&own->v[i])) made[n++] = own->made[i];
	return keep_is_due(k, made, n, now);
}

static int make(const struct snapshots *s, struct retain *r, struct own *own, int64_t now,
                struct err *e)
{
	static char *const none[] = { NULL };
	struct snapshot_how how = {
		.label = snapshot_label_at(s->m, now), .why = SNAPSHOT_SCHEDULED,
		.copy = r->copy,
	};

	if (!r->dry_run && snapshot_make_now(s, "", &how, e) < 0) return -1;
	r->made = how.label;
	own_add(own, &(struct snapshot){ .label = how.label, .why = how.why, .made = now,
	                                 .clones = none });
	return 0;
}

static bool is_needed(const struct snapshots *s, const struct snapshot *snap)
{
	if (!snap->holds && !*snap->clones) return false;
	out_verbose("%s@%s stays: it %s", s->name, snap->label,
	            snap->holds ? "is held" : "has a clone");
	return true;
}

static int drop(const struct snapshots *s, struct retain *r, const struct snapshot *snap,
                struct err *e)
{
	if (check_signal(e) < 0) return -1;
	if (!r->dry_run && snapshot_drop(s, snap, e) < 0)
		return fail_in(e, "deleting %s@%s", s->name, snap->label);
	words_add(&r->deleted, snap->label);
	return 0;
}

static int prune(const struct snapshots *s, struct retain *r, const struct keep *k,
                 const struct own *own, int64_t now, struct err *e)
{
	bool *stays = arena_array(s->m, own->n + 1, sizeof *stays);

	keep_choose(k, own->made, own->n, now, stays);
	for (size_t i = 0; i < own->n; i++)
		if (!stays[i] && !is_needed(s, &own->v[i]) && drop(s, r, &own->v[i], e) < 0)
			return -1;
	return 0;
}

static int open_for(struct engine *en, struct jail *j, const struct retain *r,
                    struct snapshots *s, struct err *e)
{
	return r->dry_run ? snapshots_open(en->m, j, s, e) : op_snapshots_lock(en, j, s, e);
}

int op_retain(struct engine *en, struct jail *j, struct retain *r, struct err *e)
{
	int64_t now = time(NULL);
	struct err why = { 0 };
	struct snapshots s;
	struct own own = { 0 };
	struct keep keep;
	struct conf conf;
	bool is_standby;

	r->deleted.m = en->m;
	if (jail_conf_own(en->m, j, &conf, e) < 0) return -1;
	if (conf_text_check(&conf.snapshot_keep, e) < 0) return -1;
	keep_parse(conf.snapshot_keep.text, &keep, NULL);
	if (!keep_is_set(&keep)) return 1;
	is_standby = op_is_standby(en->m, j);
	if (open_for(en, j, r, &s, e) < 0 || find_own(&s, &own, e) < 0) return -1;
	/* A standby gets those of the jail that it is of, and could not be brought up to date
	 * if it had newer ones. */
	if (!is_standby && is_due(&s, &keep, &own, now) &&
	    make(&s, r, &own, now, &why) < 0 && why.kind == ERR_INTERRUPTED)
		return fail_as(e, &why);
	if (prune(&s, r, &keep, &own, now, e) < 0) return -1;
	return why.kind ? fail_as(e, &why) : 0;
}
