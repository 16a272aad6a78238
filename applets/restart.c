/* Stop a jail and start it again with its config as it is now. */

#include "applets/applet.h"

#include "lib/base/auto.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/start.h"

struct restart_args {
	long timeout;
};

#define OPT_INTO restart_args
static const struct opt restart_opts[] = {
	OPT_NUMBER('t', "timeout", timeout, "SECONDS", "how long to wait before ending it (90)"),
	OPT_END
};

static int restart_run(struct host *h, const void *args, char *const *names, struct err *e)
{
	const struct restart_args *a = args;
	const struct stop_how how = { .timeout = a->timeout };
	AUTOENGINE struct engine en;

	engine_init(&en, h, h->m);
	if (jail_check(h->m, h->dir, *names, e) < 0) return -1;
	if (engine_stop(&en, *names, &how, e) < 0) return -1;
	return op_start(&en, *names, e) < 0 ? -1 : 0;
}

const struct applet restart_applet = {
	.name = "restart",
	.brief = "stop a jail and start it again",
	.operands = "JAIL",
	.text = "The config is read anew. A jail that does not run is started.\n",
	.opts = restart_opts,
	.defaults = &(const struct restart_args){ .timeout = 90 },
	.args_size = sizeof(struct restart_args),
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = restart_run,
};
