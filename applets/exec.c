/* Run a command in a jail: no terminal, no shell, its own exit status. */

#include "applets/applet.h"

#include "lib/base/auto.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

enum { NEVER_GOT_THERE = 125, BOOT_WAIT = 60 };

static int exec_in(struct host *h, char *const *operands, struct err *e)
{
	const struct exec_how how = { .argv = operands + 1, .boot_wait = BOOT_WAIT };
	AUTOENGINE struct engine en;

	engine_init(&en, h, h->m);
	if (jail_check(h->m, h->dir, *operands, e) < 0) return -1;
	return engine_exec(&en, *operands, &how, e);
}

/* Our own exit statuses could be the command's: whoever asks must be able to tell. */
static int exec_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	int status = exec_in(h, operands, e);

	(void)args;
	if (status >= 0) return status;
	complain(e);
	return NEVER_GOT_THERE;
}

const struct applet exec_applet = {
	.name = "exec",
	.brief = "run a command in a jail",
	.operands = "JAIL [--] COMMAND [ARGUMENT]...",
	.text = "Standard input, output and error are those of jlmkr, and so is the exit status:\n"
		"that of the command, or 125 when it could not be run. A jail that is still\n"
		"booting is waited for.\n",
	.min = 2,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = exec_run,
};
