/* Let a jail depend no longer on the one that it was cloned from. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/clone.h"
#include "lib/ops/copy.h"

static int promote_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;
	int rc;

	(void)args;
	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, *operands, &j, e) < 0) return -1;
	if ((rc = op_end_standby(&en, &j, e)) < 0) return fail_in(e, "promoting %s", *operands);
	if (rc == 0) return out_done("%s is a jail of its own", *operands), 0;
	if ((rc = op_promote(&en, &j, e)) < 0) return fail_in(e, "promoting %s", *operands);
	if (rc) out_note("%s depends on no other jail", *operands);
	else out_done("%s promoted", *operands);
	return 0;
}

const struct applet promote_applet = {
	.name = "promote",
	.brief = "free a clone or a standby from the jail that it was made from",
	.operands = "JAIL",
	.text =
	"JAIL is one that clone made as a ZFS clone. The snapshot that it was made from\n"
	"and all older ones move to JAIL, and the first jail depends on it: then that one\n"
	"can be removed. No data is copied, and both may run.\n"
	"\n"
	"Or JAIL is a standby, as copy --refresh, import --standby or move --keep leave\n"
	"one: it can be started from now on, and is not brought up to date any more. The\n"
	"jail that it is a copy of must not run then: both have the same machine id.\n",
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = promote_run,
};
