/* Ask a jail to shut down, and see that it does. */

#include "applets/applet.h"

#include "lib/base/auto.h"
#include "lib/base/out.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

struct stop_args {
	bool now;
	long timeout;
};

#define OPT_INTO stop_args
static const struct opt stop_opts[] = {
	OPT_FLAG('n', "now", now, "end it at once instead of asking"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS", "how long to wait before ending it (90)"),
	OPT_END
};

static int stop_run(struct host *h, const void *args, char *const *names, struct err *e)
{
	const struct stop_args *a = args;
	const struct stop_how how = { .now = a->now, .timeout = a->timeout };
	AUTOENGINE struct engine en;
	int rc;

	engine_init(&en, h, h->m);
	if (jail_check(h->m, h->dir, *names, e) < 0) return -1;
	if ((rc = engine_stop(&en, *names, &how, e)) < 0) return -1;
	if (rc) out_note("%s does not run", *names);
	return 0;
}

const struct applet stop_applet = {
	.name = "stop",
	.brief = "shut a jail down",
	.operands = "JAIL",
	.text = "Returns when the jail is gone. One that does not shut down in time is ended.\n",
	.opts = stop_opts,
	.defaults = &(const struct stop_args){ .timeout = 90 },
	.args_size = sizeof(struct stop_args),
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = stop_run,
};
