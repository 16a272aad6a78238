/* Give a jail another name. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/cli/batch.h"
#include "lib/ops/rename.h"

struct rename_args {
	bool restart;
	long timeout;
};

#define OPT_INTO rename_args
static const struct opt rename_opts[] = {
	OPT_FLAG(0, "restart", restart, "stop it first, and start it under its new name"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending the jail (90 or more)"),
	OPT_END
};

static int rename_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct rename_args *a = args;
	const struct rename_how how = {
		.to = operands[1], .restart = a->restart, .timeout = a->timeout,
	};
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, operands[0], &j, e) < 0) return -1;
	if (!op_rename_is_done(&en, &j, how.to) && op_rename(&en, &j, &how, e) < 0)
		return fail_in(e, "renaming %s", operands[0]);
	out_done("%s is now %s", operands[0], how.to);
	return 0;
}

const struct applet rename_applet = {
	.name = "rename",
	.brief = "give a jail another name",
	.operands = "JAIL NEW",
	.text =
	"The jail must be stopped; --restart stops it, and starts it again if it ran. Its\n"
	"directory or its dataset is renamed, with all snapshots. If its host name was\n"
	"the name of the jail, that changes too: in the config, in /etc/hostname and in\n"
	"/etc/hosts of the jail. The log of the jail stays under its old name. A command\n"
	"that was interrupted is finished when it is given again.\n",
	.opts = rename_opts,
	.defaults = &(const struct rename_args){ .timeout = STOP_USUAL },
	.args_size = sizeof(struct rename_args),
	.min = 2,
	.max = 2,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = rename_run,
};
