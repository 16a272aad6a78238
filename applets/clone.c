/* Make a second jail from one. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/cli/label.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/clone.h"

struct clone_args {
	bool full;
};

#define OPT_INTO clone_args
static const struct opt clone_opts[] = {
	OPT_FLAG(0, "full", full, "copy all data; the new jail depends on nothing"),
	OPT_END
};

static int clone_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct clone_args *a = args;
	const char *from = operands[0], *name;
	const struct clone_how how = {
		.label = label_split(h->m, from, &name), .to = operands[1], .full = a->full,
	};
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, name, &j, e) < 0) return -1;
	if (op_clone(&en, &j, &how, e) < 0) return fail_in(e, "cloning %s", from);
	out_done("%s cloned to %s", from, how.to);
	return 0;
}

const struct applet clone_applet = {
	.name = "clone",
	.brief = "make a second jail from a jail or a snapshot",
	.operands = "JAIL[@LABEL] NEW",
	.text =
	"Without LABEL, the new jail is what JAIL is now; it may run. The new jail has a\n"
	"host name and a machine id of its own, and so another address by DHCP. Its\n"
	"config is the same. So are SSH host keys and static addresses: clone names\n"
	"them.\n"
	"\n"
	"If both are ZFS datasets of one pool, the new jail is a ZFS clone: it depends\n"
	"on a snapshot of JAIL, and JAIL cannot be removed until promote has turned that\n"
	"round. Directories share blocks, on btrfs and XFS, and do not depend on each\n"
	"other. Elsewhere --full is needed, which copies all data.\n",
	.opts = clone_opts,
	.args_size = sizeof(struct clone_args),
	.min = 2,
	.max = 2,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = clone_run,
};
