/* Move a jail to another machine. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/copy.h"

struct move_args {
	bool keep, dry_run, send_binary;
	const char *limit, *path, *dir;
	long timeout;
};

#define OPT_INTO move_args
static const struct opt move_opts[] = {
	OPT_FLAG(0, "keep", keep, "keep it here, as a standby of the one there"),
	OPT_FLAG('n', "dry-run", dry_run, "print what would be sent"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending the jail (90 or more)"),
	OPT_TEXT(0, "limit", limit, "SIZE", "send at most this much in a second, as 10M"),
	OPT_FLAG(0, "send-binary", send_binary, "bring this jlmkr to the other machine"),
	OPT_TEXT(0, "remote-path", path, "PATH", "where jlmkr is there"),
	OPT_TEXT(0, "remote-dir", dir, "PATH", "the jailmaker directory there"),
	OPT_END
};

static int read_args(struct arena *m, const struct move_args *a, const char *target,
                     struct move_how *how, struct err *e)
{
	*how = (struct move_how){
		.keep = a->keep, .timeout = a->timeout,
		.copy = {
			.refresh = true, .dry_run = a->dry_run,
			.peer = {
				.program = a->path, .dir = a->dir,
				.send_binary = a->send_binary,
			},
		},
	};
	if (opts_size("limit", a->limit, &how->copy.limit, e) < 0) return -1;
	return op_copy_target(m, target, &how->copy, e);
}

static int move_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	struct copy_told told = { .bytes = 0 };
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;
	struct move_how how;

	engine_init(&en, h, h->m);
	if (read_args(h->m, args, operands[1], &how, e) < 0) return -1;
	if (jail_open(h->m, h->dir, operands[0], &j, e) < 0) return -1;
	if (op_move(&en, &j, &how, &told, e) < 0) return fail_in(e, "moving %s", operands[0]);
	for (size_t i = 0; how.copy.dry_run && i < told.steps.n; i++)
		out_line("%s", told.steps.v[i]);
	if (!how.copy.dry_run) out_done("%s moved to %s", operands[0], told.to);
	return out_flush(e);
}

const struct applet move_applet = {
	.name = "move",
	.brief = "move a jail to another machine",
	.operands = "JAIL [USER@]HOST:[NAME]",
	.text =
	"As copy --refresh, while JAIL runs; then JAIL is stopped, what has changed is\n"
	"sent, it is started there if it ran, and removed here. If it does not start\n"
	"there, it is started here again. It keeps its machine id and its snapshots.\n"
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
