/* Go back to a snapshot of a jail. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/cli/batch.h"
#include "lib/cli/label.h"
#include "lib/ops/rollback.h"
#include "lib/ops/start.h"

struct rollback_args {
	bool stop, start, discard, discard_newer;
	long timeout;
};

#define OPT_INTO rollback_args
static const struct opt rollback_opts[] = {
	OPT_FLAG(0, "stop", stop, "stop the jail first, if it runs"),
	OPT_FLAG(0, "start", start, "start the jail afterwards"),
	OPT_FLAG(0, "discard", discard, "do not keep what is rolled away"),
	OPT_FLAG(0, "discard-newer", discard_newer,
	         "of a dataset: destroy newer snapshots"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending the jail (90 or more)"),
	OPT_END
};

static int rollback_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct rollback_args *a = args;
	const char *operand = operands[0], *name, *kept;
	struct rollback_how how = {
		.label = label_split(h->m, operand, &name),
		.discard = a->discard || a->discard_newer, .discard_newer = a->discard_newer,
		.stop = a->stop, .timeout = a->timeout,
	};
	AUTOENGINE struct engine en = { 0 };
	AUTOJAIL j = NO_JAIL;

	if (!how.label)
		return fail(e, ERR_USAGE, "rollback requires a label: %s@LABEL", operand);
	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, name, &j, e) < 0) return -1;
	if (op_rollback(&en, &j, &how, &kept, e) < 0) return fail_in(e, "%s", operand);
	if (kept) out_note("What was rolled away is %s@%s", name, kept);
	if (a->start && op_start_named(&en, name, e) < 0)
		return fail_in(e, "%s is rolled back, but does not run", name);
	out_done("%s rolled back to %s", name, how.label);
	return 0;
}

const struct applet rollback_applet = {
	.name = "rollback",
	.brief = "go back to a snapshot of a jail",
	.operands = "JAIL@LABEL",
	.text =
	"The jail gets the config and the root file system of the snapshot; it must be\n"
	"stopped. What is rolled away is kept as the snapshot before-rollback-TIME, to\n"
	"which you can go back. All other snapshots stay.\n"
	"\n"
	"The files are copied from the snapshot, with shared blocks on btrfs and XFS.\n"
	"--discard does not keep what is rolled away. Of a ZFS dataset without others\n"
	"below it, it is immediate, because ZFS rolls back itself. ZFS destroys snapshots\n"
	"that are newer: --discard names them and refuses; --discard-newer does it.\n"
	"\n"
	"A rollback that was interrupted is finished by the next command that starts or\n"
	"changes the jail.\n",
	.opts = rollback_opts,
	.defaults = &(const struct rollback_args){ .timeout = STOP_USUAL },
	.args_size = sizeof(struct rollback_args),
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = rollback_run,
};
