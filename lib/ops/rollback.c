#include "lib/ops/rollback.h"

#include "lib/base/err.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/clone_zfs.h"
#include "lib/ops/copy.h"
#include "lib/ops/inuse.h"
#include "lib/ops/start.h"
#include "lib/store/rollback.h"

int op_rollback_finish(struct engine *en, struct jail *j, struct err *e)
{
	struct snapshots s;
	int rc;

	if (jail_check_own(j, e) < 0 || snapshots_open_broken(en->m, j, &s, e) < 0) return -1;
	rc = rollback_finish(&s, e);
	jail_leave(j);
	if (jail_rootfs(j, NULL) >= 0) j->broken = NULL;
	return rc < 0 ? -1 : jail_check_own(j, e);
}

int op_rollback_settle(struct engine *en, struct jail *j, struct err *e)
{
	if (!rollback_is_begun(j->fd) || jail_runs(engine_state(en, j, NULL, NULL))) return 0;
	return op_rollback_finish(en, j, e);
}

/* A rollback under way. */
struct rolling {
	struct engine *en;
	struct jail *jail;
	const struct rollback_how *how;
	struct rollback what;
	struct snapshots of;
	bool stopped;
};

static int check(struct rolling *r, struct err *e)
{
	if (snapshots_open(r->en->m, r->jail, &r->of, e) < 0) return -1;
	if (op_check_not_standby(r->en->m, r->jail, e) < 0) return -1;
	return rollback_check(&r->of, &r->what, e);
}

/* An earlier one, that was interrupted, may have left the jail without a rootfs. */
static int finish_earlier(struct rolling *r, struct err *e)
{
	if (op_rollback_finish(r->en, r->jail, e) < 0) return -1;
	return check(r, e);
}

static int stop_if_told(struct rolling *r, struct err *e)
{
	const struct stop_how how = { .timeout = r->how->timeout };

	if (!jail_runs(engine_state(r->en, r->jail, NULL, NULL))) return 0;
	if (!r->how->stop) return fail(e, ERR_BUSY, "it runs; --stop stops it first");
	if (engine_stop(r->en, r->jail, &how, e) < 0) return -1;
	r->stopped = true;
	return 0;
}

static int roll_back_locked(struct rolling *r, struct err *e)
{
	struct jail *j = r->jail;
	bool begun = rollback_is_begun(j->fd);

	if (op_clone_settle(r->en, j, e) < 0) return -1;
	/* What is refused is refused before the jail is stopped. */
	if ((!begun && check(r, e) < 0) || stop_if_told(r, e) < 0) return -1;
	if ((begun && finish_earlier(r, e) < 0) || inuse_check_stopped(r->en->m, j, e) < 0)
		return -1;
	/* An open directory keeps a dataset busy. */
	if (r->of.dataset && r->what.discard && !r->what.below) jail_leave(j);
	return rollback_jail(&r->of, &r->what, e);
}

int op_rollback(struct engine *en, struct jail *j, const struct rollback_how *how,
                const char **kept, struct err *e)
{
	struct rolling r = {
		.en = en, .jail = j, .how = how,
		.what = { .label = how->label, .discard = how->discard,
		          .discard_newer = how->discard_newer },
	};

	if (jail_lock(j, e) < 0 || jail_check_own(j, e) < 0) return -1;
	if (roll_back_locked(&r, e) < 0)
		return r.stopped ? fail_in(e, "it was stopped, and not rolled back") : -1;
	*kept = r.what.kept;
	jail_close(j);
	return 0;
}
