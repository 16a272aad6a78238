/* Move a jail to another machine. */

#include "lib/cli/applet.h"

#include "applets/sending.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/copy.h"

struct move_args {
	bool keep;
	struct sending to;
	long timeout;
};

#define OPT_INTO move_args
static const struct opt move_opts[] = {
	OPT_FLAG(0, "keep", keep, "keep it here, as a standby of the one there"),
	SENDING_DRY_RUN(to),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending the jail (90 or more)"),
	SENDING_OPTS(to),
	OPT_END
};

static int move_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct move_args *a = args;
	struct move_how how = {
		.keep = a->keep, .timeout = a->timeout, .copy.refresh = true,
	};
	struct copy_told told = { .bytes = 0 };
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (sending_read(h->m, &a->to, operands[1], &how.copy, e) < 0) return -1;
	if (jail_open(h->m, h->dir, operands[0], &j, e) < 0) return -1;
	if (op_move(&en, &j, &how, &told, e) < 0) return fail_in(e, "moving %s", operands[0]);
	return sending_tell(&how.copy, &told, operands[0], "moved", e);
}

const struct applet move_applet = {
	.name = "move",
	.brief = "move a jail to another machine",
	.operands = "JAIL [USER@]HOST:[NAME]",
	.text =
	"As copy --refresh, while JAIL runs; then JAIL is stopped, what has changed is\n"
	"sent, it is started there if it ran, and removed here. If it does not start\n"
	"there, it is started here again. It keeps its machine id, and from ZFS to ZFS\n"
	"its snapshots.\n"
	"\n"
	"If the connection is cut while JAIL is handed over, it can be started on neither\n"
	"machine until the same command is given again, or 'jlmkr promote' here.\n",
	.opts = move_opts,
	.defaults = &(const struct move_args){ .timeout = STOP_USUAL },
	.args_size = sizeof(struct move_args),
	.min = 2,
	.max = 2,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = move_run,
};
