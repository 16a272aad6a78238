#include "lib/cli/batch.h"

#include <sys/mman.h>

#include "lib/base/out.h"
#include "lib/base/process_pool.h"
#include "lib/base/str.h"

/* The exit status of a process that had nothing to do; no fault has this one. */
enum { IDLE = 64 };

struct task {
	struct host *host;
	const struct batch *what;
	const struct selected *jails;
	size_t in_turn;
	int *turn_status;		/* of these, in memory that all processes share */
};

static int do_one(const struct task *t, const struct selected *s, struct err *e)
{
	struct host *h = t->host;
	AUTOENGINE struct engine en;
	AUTOJAIL jail = NO_JAIL;

	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, s->name, &jail, e) < 0) return -1;
	return t->what->work(&en, &jail, s->by_name, t->what->args, e);
}

static int do_among_others(void *arg, size_t i)
{
	const struct task *t = arg;
	const struct selected *j = &t->jails[i];
	struct err e = { 0 };
	int rc;

	out_share(j->name);
	rc = do_one(t, j, &e);
	if (rc < 0) {
		print_error(&e);
		return err_exit_status(e.kind);
	}
	/* Nothing is said about an idle jail that only matched a pattern. */
	if (rc == 0 || j->by_name)
		out_note("%s %s", j->name, rc ? t->what->idle : t->what->done);
	return rc ? IDLE : 0;
}

struct sum {
	size_t done, idle, failed;
	int status;			/* of the faults; 1 if they differ */
};

static void count_status(struct sum *s, int status)
{
	if (status == 0) {
		s->done++;
	} else if (status == IDLE) {
		s->idle++;
	} else {
		s->failed++;
		s->status = s->status == 0 || s->status == status ? status : 1;
	}
}

static const char *sum_text(struct arena *m, const struct batch *what, const struct sum *s)
{
	struct str text = { .m = m };

	if (s->done) str_addf(&text, ", %zu %s", s->done, what->done);
	if (s->idle) str_addf(&text, ", %zu %s", s->idle, what->were_idle);
	if (s->failed) str_addf(&text, ", %zu failed", s->failed);
	return str_text(&text) + 2;
}

/* Job 0 is all that are done in turn, if there are several: each in a process of its own
 * still. */
static int do_job(void *arg, size_t i)
{
	const struct task *t = arg;

	if (t->in_turn < 2) return do_among_others(arg, i);
	if (i) return do_among_others(arg, t->in_turn - 1 + i);
	process_pool_run(t->in_turn, 1, do_among_others, arg, t->turn_status, NULL);
	return 0;
}

static int share_status(struct task *t, struct err *e)
{
	void *shared;

	if (t->in_turn < 2) return 0;
	shared = mmap(NULL, t->in_turn * sizeof *t->turn_status, PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) return fail_sys(e, "share memory");
	t->turn_status = shared;
	return 0;
}

static int do_all(struct task *t, size_t n, size_t failed, struct err *e)
{
	struct sum sum = { .failed = failed, .status = failed ? 1 : 0 };
	int *status = arena_array(t->host->m, n + 1, sizeof *status);
	size_t group = t->in_turn < 2 ? 0 : t->in_turn - 1, jobs = n - group;

	if (share_status(t, e) < 0) return -1;
	if (process_pool_run(jobs, (size_t)t->what->jobs, do_job, t, status + group, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		count_status(&sum, group && i <= group ? t->turn_status[i] : status[i]);
	if (group) munmap(t->turn_status, t->in_turn * sizeof *t->turn_status);
	if (n + failed)
		out_note("%zu %s: %s", n + failed, n + failed == 1 ? "jail" : "jails",
		         sum_text(t->host->m, t->what, &sum));
	return sum.status;
}

int batch_do(struct host *h, const struct batch *what, const struct batch_list *list,
             struct err *e)
{
	struct task t = { h, what, list->jails, .in_turn = list->in_turn };

	return do_all(&t, list->n, list->failed, e);
}

struct selected *batch_select(struct host *h, char *const *operands, bool all, size_t *n,
                              struct err *e)
{
	if (!*operands && !all)
		return fail(e, ERR_USAGE, "no jail given; --all means all jails"), NULL;
	if (*operands && all)
		return fail(e, ERR_USAGE, "--all and names of jails cannot be combined"), NULL;
	return jail_select(h->m, h->dir, operands, all, n, e);
}

int batch_run(struct host *h, const struct batch *what, char *const *operands, bool all,
              struct err *e)
{
	struct task t = { .host = h, .what = what };
	size_t n;
	int rc;

	if (!(t.jails = batch_select(h, operands, all, &n, e))) return -1;
	if (n != 1) return do_all(&t, n, 0, e);
	if ((rc = do_one(&t, t.jails, e)) < 0) return -1;
	if (rc && t.jails->by_name) out_note("%s %s", t.jails->name, what->idle);
	if (!rc) out_done("%s %s", t.jails->name, what->done);
	return 0;
}
