/* Start what is to run after the NAS has booted; one that fails holds up no other. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/cli/batch.h"
#include "lib/jail/jail.h"
#include "lib/ops/start.h"

struct startup_args {
	long jobs;
};

#define OPT_INTO startup_args
static const struct opt startup_opts[] = {
	OPT_NUMBER('j', "jobs", jobs, "N", "start this many jails at a time (16; 0: all)"),
	OPT_END
};

static int start_one(struct engine *en, struct jail *j, bool by_name, const void *args,
                     struct err *e)
{
	(void)by_name;
	(void)args;
	return op_start(en, j, e);
}

/* 1 when it is to be started, 0, -1. */
static int is_wanted(struct host *h, struct jail *j, struct err *e)
{
	struct conf c;
	int rc;

	if (j->broken) {
		out_warn("jail %s is incomplete: %s", j->name, j->broken);
		return 0;
	}
	rc = jail_conf(h->m, j, &c, e);
	jail_leave(j);
	return rc < 0 ? -1 : c.startup.on;
}

static struct selected *find_wanted(struct host *h, size_t *n, size_t *failed, struct err *e)
{
	struct selected *wanted;
	struct jail *jails;
	size_t count;
	int rc;

	*n = *failed = 0;
	if (!(jails = jail_find_all(h->m, h->dir, &count, e))) return NULL;
	wanted = arena_array(h->m, count + 1, sizeof *wanted);
	for (size_t i = 0; i < count; i++) {
		if ((rc = is_wanted(h, &jails[i], e)) < 0) {
			print_error(e);
			++*failed;
		}
		if (rc > 0) wanted[(*n)++] = (struct selected){ jails[i].name, true };
	}
	return wanted;
}

static int startup_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct startup_args *a = args;
	const struct batch what = {
		.work = start_one,
		.done = "started",
		.idle = "runs already",
		.were_idle = "ran already",
		.jobs = a->jobs,
	};
	struct selected *wanted;
	size_t n, failed;
	int rc;

	(void)operands;
	if (!(wanted = find_wanted(h, &n, &failed, e))) return -1;
	if (!n && !failed) out_note("no jail has startup=1");
	rc = batch_do(h, &what, wanted, n, failed, e);
	return rc > 0 ? 1 : rc;
}

const struct applet startup_applet = {
	.name = "startup",
	.brief = "start every jail with startup=1",
	.operands = "",
	.text = "For a Post Init Script. If a jail cannot be started, or its config is not root's\n"
		"alone, the others are started all the same, and the exit status is 1.\n",
	.opts = startup_opts,
	.defaults = &(const struct startup_args){ .jobs = BATCH_JOBS },
	.args_size = sizeof(struct startup_args),
	.max = 0,
	.needs = NEEDS_DIR | PROGRAM_DIR_WILL_DO | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = startup_run,
};
