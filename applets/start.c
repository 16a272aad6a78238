/* Start jails. */

#include "applets/applet.h"

#include "applets/several.h"
#include "lib/ops/start.h"

struct start_args {
	bool all;
};

#define OPT_INTO start_args
static const struct opt start_opts[] = {
	OPT_FLAG('a', "all", all, "every jail there is"),
	OPT_END
};

static int start_one(struct engine *en, const struct selected *jail, const void *args,
                     struct err *e)
{
	(void)args;
	return op_start(en, jail->name, e);
}

static int start_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct start_args *a = args;
	const struct several what = {
		.args = a,
		.work = start_one,
		.done = "started",
		.idle = "runs already",
		.were_idle = "ran already",
		.jobs = SEVERAL_JOBS,
	};

	return several_run(h, &what, operands, a->all, e);
}

const struct applet start_applet = {
	.name = "start",
	.brief = "start jails",
	.operands = "JAIL...",
	.text = "JAIL may be a pattern, quoted from the shell: jlmkr start 'web-*'. A jail that\n"
		"runs already is left as it is. Several are started at the same time.\n",
	.opts = start_opts,
	.args_size = sizeof(struct start_args),
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = start_run,
};
