#include "lib/ops/snapshot.h"

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/disk/lock.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/clone_zfs.h"
#include "lib/ops/copy.h"
#include "lib/ops/rollback.h"
#include "lib/store/snapshot.h"

int op_settle(struct engine *en, struct jail *j, struct err *e)
{
	return op_clone_settle(en, j, e) < 0 ? -1 : op_rollback_settle(en, j, e);
}

int op_snapshots_lock(struct engine *en, struct jail *j, struct snapshots *s, struct err *e)
{
	if (jail_lock(j, e) < 0 || jail_check_own(j, e) < 0) return -1;
	return op_settle(en, j, e) < 0 ? -1 : snapshots_open(en->m, j, s, e);
}

static void warn_of_running(struct engine *en, const struct jail *j)
{
	if (jail_runs(engine_state(en, j, NULL, NULL)))
		out_warn("%s runs and is not a dataset: its files are copied one after the "
		         "other, so the snapshot may mix states of different moments", j->name);
}

int op_snapshot(struct engine *en, struct jail *j, const char **label, bool copy, struct err *e)
{
	struct snapshot_how how = { .label = *label, .why = SNAPSHOT_ASKED, .copy = copy };
	AUTOLOCK int held = -1;
	struct snapshots s;
	int rc;

	if (*label && snapshot_label_check(*label, e) < 0) return -1;
	if (op_snapshots_lock(en, j, &s, e) < 0 || op_hold_standby(en, j, &held, e) < 0)
		return -1;
	if (!s.dataset) warn_of_running(en, j);
	rc = *label ? snapshot_make(&s, &how, e) : snapshot_make_now(&s, "", &how, e);
	*label = how.label;
	return rc;
}

int op_snapshot_delete(struct engine *en, struct jail *j, const char *label, struct err *e)
{
	struct snapshots s;

	if (op_snapshots_lock(en, j, &s, e) < 0) return -1;
	return snapshot_delete(&s, label, e);
}

int op_snapshot_before(struct arena *m, struct jail *j, const char *why, struct err *e)
{
	struct snapshot_how how = { .why = why };
	struct snapshots s;

	if (j->broken) return 0;
	if (snapshots_open(m, j, &s, e) == 0 &&
	    snapshot_make_now(&s, arena_printf(m, "before-%s-", why), &how, e) == 0) {
		out_note("The state before this is %s@%s", j->name, how.label);
		return 0;
	}
	return fail_in(e, "the snapshot that auto_snapshot=1 asks for");
}
