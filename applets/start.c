/* Start a jail. */

#include "applets/applet.h"

#include "lib/base/auto.h"
#include "lib/base/out.h"
#include "lib/engine/engine.h"
#include "lib/ops/start.h"

static int start_run(struct host *h, const void *args, char *const *names, struct err *e)
{
	AUTOENGINE struct engine en;
	int rc;

	(void)args;
	engine_init(&en, h, h->m);
	if ((rc = op_start(&en, *names, e)) < 0) return -1;
	if (rc) out_note("%s runs already", *names);
	return 0;
}

const struct applet start_applet = {
	.name = "start",
	.brief = "start a jail",
	.operands = "JAIL",
	.text = "A jail that runs already is left as it is.\n",
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = start_run,
};
