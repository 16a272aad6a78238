/* Start what is to run after the NAS has booted; one that fails holds up no other. */

#include "applets/applet.h"

#include "lib/base/auto.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/start.h"

static int start_if_wanted(struct engine *en, const struct jail *j, struct err *e)
{
	struct conf c;
	int rc;

	if (j->broken) {
		out_warn("%s is no whole jail: %s", j->name, j->broken);
		return 0;
	}
	if (jail_conf(en->m, en->host->dir, j->name, &c, e) < 0) return -1;
	if (!c.startup.on) return 0;
	if ((rc = op_start(en, j->name, e)) < 0) return -1;
	out_note("%s %s", j->name, rc ? "runs already" : "runs");
	return 0;
}

static int startup_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	AUTOENGINE struct engine en;
	struct jail *jails;
	size_t n, failed = 0;

	(void)args;
	(void)operands;
	engine_init(&en, h, h->m);
	if (!(jails = jail_find_all(h->m, h->dir, &n, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		if (start_if_wanted(&en, &jails[i], e) == 0) continue;
		if (check_signal(e) < 0) return -1;
		complain(e);
		failed++;
	}
	return failed ? 1 : 0;
}

const struct applet startup_applet = {
	.name = "startup",
	.brief = "start every jail with startup=1",
	.operands = "",
	.text = "For a Post Init Script. A jail that cannot be started does not hold up the\n"
		"others; the exit status is 1 then.\n",
	.max = 0,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = startup_run,
};
