/* Copy a jail to another machine. */

#include "lib/cli/applet.h"

#include "applets/sending.h"
#include "lib/cli/label.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/copy.h"

struct copy_args {
	bool refresh, raw;
	struct sending to;
};

#define OPT_INTO copy_args
static const struct opt copy_opts[] = {
	OPT_FLAG('r', "refresh", refresh, "make or update a standby"),
	OPT_FLAG(0, "raw", raw, "send an encrypted jail locked, as it is"),
	SENDING_DRY_RUN(to),
	SENDING_OPTS(to),
	OPT_END
};

static int copy_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const char *from = operands[0], *name, *label = label_split(h->m, from, &name);
	const struct copy_args *a = args;
	struct copy_how how = { .refresh = a->refresh, .raw = a->raw, .label = label };
	struct copy_told told = { .bytes = 0 };
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	if (a->raw && !a->refresh)
		return fail(e, ERR_USAGE, "--raw is for standbys: give --refresh, too");
	engine_init(&en, h, h->m);
	if (sending_read(h->m, &a->to, operands[1], &how, e) < 0) return -1;
	if (jail_open(h->m, h->dir, name, &j, e) < 0) return -1;
	if (op_copy(&en, &j, &how, &told, e) < 0) return fail_in(e, "copying %s", from);
	return sending_tell(&how, &told, from, "copied", e);
}

const struct applet copy_applet = {
	.name = "copy",
	.brief = "copy a jail to another machine",
	.operands = "JAIL[@LABEL] [USER@]HOST:[NAME]",
	.text =
	"Over ssh, as the user who called sudo; jlmkr has to be on the other machine, the\n"
	"same version, and sudo there must not ask for a password. JAIL may run. What was\n"
	"cut goes on when the command is given again.\n"
	"\n"
	"The copy is a jail of its own, with another machine id. With --refresh it is a\n"
	"standby: the same jail, from ZFS to ZFS with its snapshots, read-only, that is\n"
	"not started. Only what is new is sent, the next time. 'jlmkr promote' there\n"
	"makes it a jail. With --raw, one that is encrypted is sent as it lies on the\n"
	"disk, and is locked there until 'zfs load-key'.\n"
	"'jlmkr help copying' tells more.\n",
	.opts = copy_opts,
	.args_size = sizeof(struct copy_args),
	.min = 2,
	.max = 2,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = copy_run,
};
