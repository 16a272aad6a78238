/* Ask jails to shut down, and see that they do. */

#include "lib/cli/applet.h"

#include "lib/cli/batch.h"

struct stop_args {
	bool all, now;
	long timeout;
};

#define OPT_INTO stop_args
static const struct opt stop_opts[] = {
	OPT_FLAG('a', "all", all, "stop every jail that runs"),
	OPT_FLAG('n', "now", now, "end it at once instead of asking it to shut down"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending a jail (90 or more)"),
	OPT_END
};

static int stop_one(struct engine *en, struct jail *j, bool by_name, const void *args,
                    struct err *e)
{
	const struct stop_args *a = args;
	const struct stop_how how = { .now = a->now, .timeout = a->timeout };

	(void)by_name;
	jail_leave(j);
	return engine_stop(en, j, &how, e);
}

static int stop_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct stop_args *a = args;
	const struct batch what = {
		.args = a,
		.work = stop_one,
		.done = "stopped",
		.idle = "does not run",
		.were_idle = "did not run",
		.jobs = BATCH_JOBS,
	};

	return batch_run(h, &what, operands, a->all, e);
}

const struct applet stop_applet = {
	.name = "stop",
	.brief = "shut jails down",
	.operands = "JAIL...",
	.text =
	    "Returns when the jail has stopped. A jail that does not shut down within 90 s is\n"
	    "stopped by systemd, and killed after another 90 s. --timeout replaces both\n"
	    "times; without it, a longer TimeoutStopSec= of the config lengthens both. JAIL\n"
	    "may be a pattern, quoted from the shell: jlmkr stop 'web-*'. Several jails are\n"
	    "shut down at the same time.\n",
	.opts = stop_opts,
	.defaults = &(const struct stop_args){ .timeout = STOP_USUAL },
	.args_size = sizeof(struct stop_args),
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = stop_run,
};
