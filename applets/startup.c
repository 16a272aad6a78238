/* Start what is to run after the NAS has booted; one that fails holds up no other. */

#include "lib/cli/applet.h"

#include "lib/base/out.h"
#include "lib/cli/batch.h"
#include "lib/jail/jail.h"
#include "lib/ops/copy.h"
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

/* What is to be started: the hooks of two jails may change the same thing of the host, so those
 * that have some are started in turn. */
struct wanted {
	struct selected *hooked, *plain;
	size_t n_hooked, n_plain, failed;
};

static bool has_hooks(const struct conf *c)
{
	return *c->pre_start_hook.text || *c->post_start_hook.text || *c->post_stop_hook.text;
}

static int look_at_jail(struct host *h, struct jail *j, struct wanted *w, struct err *e)
{
	const struct selected s = { j->name, true };
	struct conf c;
	bool standby;
	int rc;

	if (j->broken) {
		out_warn("jail %s is incomplete: %s", j->name, j->broken);
		return 0;
	}
	rc = jail_conf(h->m, j, &c, e);
	standby = rc == 0 && c.startup.on && op_is_standby(h->m, j);
	jail_leave(j);
	if (rc < 0) return -1;
	if (standby) out_verbose("%s is a standby, and is not started", j->name);
	if (!c.startup.on || standby) return 0;
	if (has_hooks(&c)) w->hooked[w->n_hooked++] = s;
	else w->plain[w->n_plain++] = s;
	return 0;
}

static int find_wanted(struct host *h, struct wanted *w, struct err *e)
{
	struct jail *jails;
	size_t count;

	if (!(jails = jail_find_all(h->m, h->dir, &count, e))) return -1;
	w->hooked = arena_array(h->m, 2 * count + 1, sizeof *w->hooked);
	w->plain = w->hooked + count;
	for (size_t i = 0; i < count; i++)
		if (look_at_jail(h, &jails[i], w, e) < 0) {
			print_error(e);
			w->failed++;
		}
	for (size_t i = 0; i < w->n_plain; i++)
		w->hooked[w->n_hooked + i] = w->plain[i];
	return 0;
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
	struct batch_list list;
	struct wanted w = { 0 };
	int rc;

	(void)operands;
	if (find_wanted(h, &w, e) < 0) return -1;
	list = (struct batch_list){ w.hooked, w.n_hooked + w.n_plain, w.n_hooked, w.failed };
	if (!list.n && !list.failed) out_note("no jail has startup=1");
	rc = batch_do(h, &what, &list, e);
	return rc > 0 ? 1 : rc;
}

const struct applet startup_applet = {
	.name = "startup",
	.brief = "start every jail with startup=1",
	.operands = "",
	.text =
	"For a Post Init Script. If a jail cannot be started, or its config is not root's\n"
	"alone, the others are started all the same, and the exit status is 1. Jails with\n"
	"hooks are started one after the other, beside the others.\n",
	.opts = startup_opts,
	.defaults = &(const struct startup_args){ .jobs = BATCH_JOBS },
	.args_size = sizeof(struct startup_args),
	.max = 0,
	.needs = NEEDS_DIR | PROGRAM_DIR_WILL_DO | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = startup_run,
};
