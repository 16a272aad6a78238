#include "lib/ops/start.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/plan.h"

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Look at the machine for what the plan has to know. */
static int find_facts(struct arena *m, const struct jail *j, struct plan_facts *facts,
                      struct err *e)
{
	*facts = (struct plan_facts){
		.dir = j->path,
		.nspawn = run_find(m, "systemd-nspawn", e),
		.has_apparmor = exists("/sys/module/apparmor"),
		.has_dri = exists("/dev/dri"),
		.has_kfd = exists("/dev/kfd"),
	};
	return facts->nspawn ? 0 : -1;
}

/* A script that is the same as before is left alone: it may be running. */
static int write_hook(struct arena *m, int dir, const struct plan_file *f, struct err *e)
{
	const char *old = read_file(m, dir, f->name, CONF_MAX, NULL, NULL);

	if (old && !strcmp(old, f->text) && faccessat(dir, f->name, X_OK, 0) == 0) return 0;
	return replace_file(dir, f->name, f->text, strlen(f->text), 0700, e);
}

static int write_hooks(struct arena *m, const char *dir, const struct plan *p, struct err *e)
{
	AUTOCLOSE int fd = jail_open(dir, p->jail, e);

	if (fd < 0) return -1;
	for (size_t i = 0; i < p->file_count; i++)
		if (write_hook(m, fd, &p->files[i], e) < 0) return -1;
	return 0;
}

int op_start(struct engine *en, const char *name, struct err *e)
{
	const char *dir = en->host->dir;
	struct arena *m = en->m;
	struct plan_facts facts;
	struct plan plan;
	struct conf conf;
	struct jail j;
	int runs;

	if (jail_find(m, dir, name, &j, e) < 0) return -1;
	if (j.broken) return fail(e, ERR_INPUT, "%s is no whole jail: %s", name, j.broken);
	if (engine_knows(en, name) && (runs = engine_runs(en, name, e))) return runs;
	if (jail_conf(m, dir, name, &conf, e) < 0) return -1;
	if (find_facts(m, &j, &facts, e) < 0) return -1;
	if (plan_make(m, name, &conf, &facts, &plan, e) < 0) return -1;
	for (size_t i = 0; i < plan.notes.n; i++)
		out_note("%s", plan.notes.v[i]);
	if (write_hooks(m, dir, &plan, e) < 0) return fail_in(e, "starting %s", name);
	out_verbose("%s", plan_command(m, &plan));
	if ((runs = engine_start(en, &plan, e)) < 0) return fail_in(e, "starting %s", name);
	return runs;
}
