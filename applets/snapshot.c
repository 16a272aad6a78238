/* Make snapshots of jails, or delete some. */

#include "lib/cli/applet.h"

#include <string.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/snapshot.h"

struct snapshot_args {
	bool delete, copy;
};

#define OPT_INTO snapshot_args
static const struct opt snapshot_opts[] = {
	OPT_FLAG(0, "delete", delete, "delete these snapshots"),
	OPT_FLAG(0, "copy", copy, "make a full copy of a jail that is a directory"),
	OPT_END
};

static int do_operand(struct engine *en, const struct snapshot_args *a, const char *operand,
                      struct err *e)
{
	struct host *h = en->host;
	const char *at = strchr(operand, '@'), *label = at ? at + 1 : NULL;
	const char *name = at ? arena_strndup(h->m, operand, (size_t)(at - operand)) : operand;
	AUTOJAIL j = NO_JAIL;

	if (a->delete && !label)
		return fail(e, ERR_USAGE, "--delete requires a label: %s@LABEL", name);
	if (jail_open(h->m, h->dir, name, &j, e) < 0) return -1;
	if (a->delete) {
		if (op_snapshot_delete(en, &j, label, e) < 0)
			return fail_in(e, "deleting %s", operand);
		out_done("%s deleted", operand);
		return 0;
	}
	if (op_snapshot(en, &j, &label, a->copy, e) < 0) return fail_in(e, "%s", operand);
	out_line("%s@%s", name, label);
	return 0;
}

/* If one fails, the others get their turn. The last fault is printed by main. */
static int snapshot_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	AUTOENGINE struct engine en;
	int failed = 0, rc;

	engine_init(&en, h, h->m);
	for (; *operands; operands++) {
		struct err why = { 0 };

		if (do_operand(&en, args, *operands, &why) == 0) continue;
		failed = err_exit_status(why.kind);
		if (!operands[1] || why.kind == ERR_INTERRUPTED) {
			*e = why;
			return -1;
		}
		print_error(&why);
	}
	rc = out_flush(e);
	return rc < 0 ? -1 : failed;
}

const struct applet snapshot_applet = {
	.name = "snapshot",
	.brief = "keep the state of jails, to go back to it",
	.operands = "JAIL[@LABEL]...",
	.text =
	"A snapshot has the config of the jail and its root file system, but not what is\n"
	"bound into the jail. It is printed as JAIL@LABEL; without LABEL, its label is\n"
	"the time in UTC. The jail may run.\n"
	"\n"
	"Of a jail that is a ZFS dataset, it is a ZFS snapshot of that dataset and of all\n"
	"below it, made at one moment. Of a directory, it is a copy in JAIL/.snapshots\n"
	"that shares the blocks of the files, on btrfs and XFS. Elsewhere --copy makes a\n"
	"full copy. Files of a running jail are copied one after the other: if they must\n"
	"fit together, stop the jail first.\n"
	"\n"
	"remove deletes the snapshots of a jail with it.\n",
	.opts = snapshot_opts,
	.args_size = sizeof(struct snapshot_args),
	.min = 1,
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = snapshot_run,
};
