/* The other side of copy and move. */

#include "lib/cli/applet.h"

#include <unistd.h>

#include "lib/engine/engine.h"
#include "lib/ops/receive.h"

static int receive_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	AUTOENGINE struct engine en = { 0 };

	(void)args;
	(void)operands;
	if (isatty(STDIN_FILENO))
		return fail(e, ERR_USAGE, "copy and move on another machine run this, by ssh");
	engine_init(&en, h, h->m);
	return op_receive(&en, e);
}

const struct applet receive_applet = {
	.name = "receive",
	.brief = "take a jail that another machine sends",
	.operands = "",
	.text =
	"copy and move run this on the other machine, by ssh and sudo. It reads what to\n"
	"do from standard input. To let a user copy jails to this machine, allow that\n"
	"user jlmkr in sudoers, without a password. Who may run it can become root here,\n"
	"because configs have programs that root runs.\n",
	.max = 0,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = receive_run,
};
