/* The state of a jail's unit, as systemctl shows it. */

#include "applets/applet.h"

#include "lib/base/run.h"
#include "lib/base/str.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"

static int status_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	struct words argv = { .m = h->m };

	(void)args;
	if (jail_check(h->m, h->dir, *operands, e) < 0) return -1;
	words_add(&argv, "systemctl");
	words_add(&argv, "status");
	words_add(&argv, name_unit(h->m, *operands));
	words_add_all(&argv, operands + 1);
	return run_replace(words_list(&argv), e);
}

const struct applet status_applet = {
	.name = "status",
	.brief = "show how a jail is doing",
	.operands = "JAIL [SYSTEMCTL-ARGUMENT]...",
	.text = "What stands behind the name goes to systemctl: 'jlmkr log web --no-pager'.\n",
	.min = 1,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR,
	.run = status_run,
};
