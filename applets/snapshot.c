/* Make snapshots of jails, or delete some. */

#include "lib/cli/applet.h"

#include <string.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/cli/batch.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/retain.h"
#include "lib/ops/snapshot.h"

struct snapshot_args {
	bool delete, copy, all, prune, dry_run;
};

#define OPT_INTO snapshot_args
static const struct opt snapshot_opts[] = {
	OPT_FLAG(0, "delete", delete, "delete these snapshots"),
	OPT_FLAG(0, "copy", copy, "make a full copy of a jail that is a directory"),
	OPT_FLAG(0, "all", all, "of all jails"),
	OPT_FLAG(0, "prune", prune, "make and delete what snapshot_keep= says"),
	OPT_FLAG(0, "dry-run", dry_run, "with --prune: show what it would do"),
	OPT_END
};

/* -- by the user -- */

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

/* -- by the config -- */

/* A dry run prints its result; cron gets no mail of a run that went well. */
static void tell(const struct snapshot_args *a, const char *name, const struct retain *r)
{
	if (a->dry_run && r->made) out_line("make %s@%s", name, r->made);
	if (!a->dry_run && r->made) out_done("%s@%s made", name, r->made);
	for (size_t i = 0; i < r->deleted.n; i++)
		if (a->dry_run) out_line("delete %s@%s", name, r->deleted.v[i]);
		else out_done("%s@%s deleted", name, r->deleted.v[i]);
}

static int do_prune(struct engine *en, const struct snapshot_args *a, const char *name,
                    struct err *e)
{
	struct host *h = en->host;
	struct retain r = { .copy = a->copy, .dry_run = a->dry_run };
	AUTOJAIL j = NO_JAIL;
	int rc;

	if (jail_open(h->m, h->dir, name, &j, e) < 0) return -1;
	rc = op_retain(en, &j, &r, e);
	tell(a, name, &r);
	if (rc < 0) return fail_in(e, "%s", name);
	if (rc && !a->all) out_note("the config of %s has no snapshot_keep=", name);
	return 0;
}

/* -- the words -- */

static int check_words(const struct snapshot_args *a, char *const *operands, struct err *e)
{
	if (a->dry_run && !a->prune) return fail(e, ERR_USAGE, "--dry-run goes with --prune");
	if (a->delete && (a->prune || a->all))
		return fail(e, ERR_USAGE, "--delete takes snapshots, JAIL@LABEL");
	if (*operands || a->all) return 0;
	return fail(e, ERR_USAGE, "no jail given; --all means all jails");
}

/* The names of the jails, where these are meant. */
static char *const *find_operands(struct host *h, const struct snapshot_args *a,
                                  char *const *operands, struct err *e)
{
	struct words names = { .m = h->m };
	const struct selected *jails;
	size_t n;

	if (!a->all && !a->prune) return operands;
	if (!(jails = batch_select(h, operands, a->all, &n, e))) return NULL;
	for (size_t i = 0; i < n; i++)
		words_add(&names, jails[i].name);
	return words_list(&names);
}

/* If one fails, the others get their turn. The last fault is printed by main. */
static int snapshot_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct snapshot_args *a = args;
	AUTOENGINE struct engine en;
	int failed = 0, rc;

	engine_init(&en, h, h->m);
	if (check_words(a, operands, e) < 0) return -1;
	if (!(operands = find_operands(h, a, operands, e))) return -1;
	for (; *operands; operands++) {
		struct err why = { 0 };

		if ((a->prune ? do_prune : do_operand)(&en, a, *operands, &why) == 0) continue;
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
	"--prune is for cron: it makes the snapshots that the snapshot_keep= of a config\n"
	"asks for, and deletes those that are over. Only snapshots that jlmkr made by\n"
	"itself count and go: by --prune, by rollback, and before a change\n"
	"(auto_snapshot=1). Names may be patterns. 'jlmkr help snapshotting' has more.\n"
	"\n"
	"remove deletes the snapshots of a jail with it.\n",
	.opts = snapshot_opts,
	.args_size = sizeof(struct snapshot_args),
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = snapshot_run,
};
