/* Copy a jail to another machine. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/cli/label.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/copy.h"

struct copy_args {
	bool refresh, dry_run, send_binary;
	const char *limit, *path, *dir;
};

#define OPT_INTO copy_args
static const struct opt copy_opts[] = {
	OPT_FLAG('r', "refresh", refresh, "make or update a standby, with all snapshots"),
	OPT_FLAG('n', "dry-run", dry_run, "print what would be sent"),
	OPT_TEXT(0, "limit", limit, "SIZE", "send at most this much in a second, as 10M"),
	OPT_FLAG(0, "send-binary", send_binary, "bring this jlmkr to the other machine"),
	OPT_TEXT(0, "remote-path", path, "PATH", "where jlmkr is there"),
	OPT_TEXT(0, "remote-dir", dir, "PATH", "the jailmaker directory there"),
	OPT_END
};

static int read_args(struct arena *m, const struct copy_args *a, const char *target,
                     struct copy_how *how, struct err *e)
{
	*how = (struct copy_how){
		.refresh = a->refresh, .dry_run = a->dry_run,
		.peer = {
			.program = a->path, .dir = a->dir, .send_binary = a->send_binary,
		},
	};
	if (opts_size("limit", a->limit, &how->limit, e) < 0) return -1;
	return op_copy_target(m, target, how, e);
}

static int copy_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const char *from = operands[0], *name, *label = label_split(h->m, from, &name);
	struct copy_told told = { .bytes = 0 };
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;
	struct copy_how how;

	engine_init(&en, h, h->m);
	if (read_args(h->m, args, operands[1], &how, e) < 0) return -1;
	how.label = label;
	if (jail_open(h->m, h->dir, name, &j, e) < 0) return -1;
	if (op_copy(&en, &j, &how, &told, e) < 0) return fail_in(e, "copying %s", from);
	for (size_t i = 0; how.dry_run && i < told.steps.n; i++)
		out_line("%s", told.steps.v[i]);
	if (!how.dry_run) out_done("%s copied to %s", from, told.to);
	return out_flush(e);
}

const struct applet copy_applet = {
	.name = "copy",
	.brief = "copy a jail to another machine",
	.operands = "JAIL[@LABEL] [USER@]HOST:[NAME]",
	.text =
	"Over ssh, as the user who called sudo; jlmkr has to be on the other machine, the\n"
	"same version, and sudo there must not ask for a password. Both keep jails as ZFS\n"
	"datasets. JAIL may run. What was cut goes on when the command is given again.\n"
	"\n"
	"The copy is a jail of its own, with another machine id. With --refresh it is a\n"
	"standby: the same jail with its snapshots, read-only, that is not started. Only\n"
	"what is new is sent, the next time. 'jlmkr promote' there makes it a jail.\n"
	"'jlmkr help copying' tells more.\n",
	.opts = copy_opts,
	.args_size = sizeof(struct copy_args),
	.min = 2,
	.max = 2,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = copy_run,
};
