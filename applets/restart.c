/* Stop jails and start them again with their configs as they are now. */

#include "lib/cli/applet.h"

#include "lib/cli/batch.h"
#include "lib/ops/start.h"

struct restart_args {
	bool all;
	long timeout;
};

#define OPT_INTO restart_args
static const struct opt restart_opts[] = {
	OPT_FLAG('a', "all", all, "restart every jail that runs"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending a jail (90 or more)"),
	OPT_END
};

static int restart_one(struct engine *en, struct jail *j, bool by_name, const void *args,
                       struct err *e)
{
	const struct restart_args *a = args;
	const struct stop_how how = { .timeout = a->timeout };
	int rc;

	/* One that could not be started again is not stopped. */
	if (op_start_check(en, j, e) < 0)
		return jail_runs(engine_state(en, j, NULL, NULL)) ?
		       fail_in(e, "%s was not restarted and still runs with its old config",
		               j->name) : -1;
	if ((rc = engine_stop(en, j, &how, e)) < 0) return -1;
	if (rc && !by_name) return 1;
	return op_start(en, j, e) < 0 ? -1 : 0;
}

static int restart_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct restart_args *a = args;
	const struct batch what = {
		.args = a,
		.work = restart_one,
		.done = "restarted",
		.idle = "does not run",
		.were_idle = "did not run",
		.jobs = BATCH_JOBS,
	};

	return batch_run(h, &what, operands, a->all, e);
}

const struct applet restart_applet = {
	.name = "restart",
	.brief = "stop jails and start them again",
	.operands = "JAIL...",
	.text =
	"Waits as stop does, and uses the current config. A jail that could not be\n"
	"started again is not stopped. A jail that does not run is started if it is\n"
	"named; a pattern (quoted from the shell: 'web-*') and --all mean jails that\n"
	"run.\n",
	.opts = restart_opts,
	.defaults = &(const struct restart_args){ .timeout = STOP_USUAL },
	.args_size = sizeof(struct restart_args),
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = restart_run,
};
