/* The journal of a jail's unit: journalctl knows how to show it. */

#include "lib/cli/applet.h"

#include "lib/base/run.h"
#include "lib/base/str.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"

static int log_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	struct words argv = { .m = h->m };
	AUTOJAIL j = NO_JAIL;

	(void)args;
	if (jail_open(h->m, h->dir, *operands, &j, e) < 0) return -1;
	if (!run_find(h->m, "journalctl", NULL))
		return fail(e, ERR_HOST, "journalctl is not on this machine; the log is in "
		            "/var/log/journal or /run/log/journal");
	words_add(&argv, "journalctl");
	words_add(&argv, "-u");
	words_add(&argv, name_unit(h->m, *operands));
	words_add_all(&argv, operands + 1);
	return run_replace(words_list(&argv), e);
}

const struct applet log_applet = {
	.name = "log",
	.brief = "show a jail's log",
	.operands = "JAIL [JOURNALCTL-ARGUMENT]...",
	.text = "Everything after the name goes to journalctl: 'jlmkr log web -n 50 -f'.\n",
	.min = 1,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR,
	.run = log_run,
};
