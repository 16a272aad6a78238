/* Start jails. */

#include "lib/cli/applet.h"

#include "lib/cli/batch.h"
#include "lib/ops/start.h"

struct start_args {
	bool all, dry_run, json;
};

#define OPT_INTO start_args
static const struct opt start_opts[] = {
	OPT_FLAG('a', "all", all, "start every jail"),
	OPT_FLAG(0, "dry-run", dry_run, "show what would be started, as a shell command"),
	OPT_FLAG(0, "json", json, "with --dry-run: unit, properties and nspawn's argv"),
	OPT_END
};

static int start_one(struct engine *en, struct jail *j, bool by_name, const void *args,
                     struct err *e)
{
	(void)by_name;
	(void)args;
	return op_start(en, j, e);
}

static int show_starts(struct host *h, const struct start_args *a, char *const *operands,
                       struct err *e)
{
	struct selected *jails;
	struct engine en;
	size_t n;

	engine_init(&en, h, h->m);
	if (!(jails = batch_select(h, operands, a->all, &n, e))) return -1;
	if (a->json && n != 1) return fail(e, ERR_USAGE, "--json shows one jail");
	for (size_t i = 0; i < n; i++) {
		AUTOJAIL j = NO_JAIL;

		if (jail_open(h->m, h->dir, jails[i].name, &j, e) < 0) return -1;
		if (op_start_show(&en, &j, a->json, e) < 0) return -1;
	}
	return 0;
}

static int start_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct start_args *a = args;
	const struct batch what = {
		.args = a,
		.work = start_one,
		.done = "started",
		.idle = "runs already",
		.were_idle = "ran already",
		.jobs = BATCH_JOBS,
	};

	if (a->json && !a->dry_run) return fail(e, ERR_USAGE, "--json belongs to --dry-run");
	if (a->dry_run) return show_starts(h, a, operands, e);
	return batch_run(h, &what, operands, a->all, e);
}

const struct applet start_applet = {
	.name = "start",
	.brief = "start jails",
	.operands = "JAIL...",
	.text =
	"JAIL may be a pattern, quoted from the shell: jlmkr start 'web-*'. A jail that\n"
	"already runs is left as it is. Several jails are started at the same time.\n",
	.opts = start_opts,
	.args_size = sizeof(struct start_args),
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = start_run,
};
