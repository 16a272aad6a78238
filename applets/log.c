/* The journal of a jail's unit: journalctl knows how to show it. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/str.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"

/* The journal keeps what a jail has written for longer than the jail. */
static int look_up(struct host *h, const char *name, struct err *e)
{
	AUTOJAIL j = NO_JAIL;

	if (jail_open(h->m, h->dir, name, &j, e) == 0) return 0;
	if (e->kind != ERR_MISSING || name_check(name, NULL) < 0) return -1;
	out_warn("%s; asking the journal all the same", e->text);
	return 0;
}

static int log_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	struct words argv = { .m = h->m };

	(void)args;
	if (look_up(h, *operands, e) < 0) return -1;
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
	.text = "Everything after the name goes to journalctl: 'jlmkr log web -n 50 -f'. Its\n"
		"options may also stand before the name: 'jlmkr log -f web'. The log of a\n"
		"jail that was removed is shown as long as the journal has it.\n",
	.min = 1,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR,
	.foreign = "-n# --lines# -b# --boot# -o --output -p --priority -g --grep -c --cursor "
		"-S --since -U --until -t --identifier -F --field -M --machine -i --file "
		"--facility --output-fields --after-cursor --cursor-file --namespace --root "
		"--directory --image",
	.run = log_run,
};
