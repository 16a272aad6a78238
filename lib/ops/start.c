#include "lib/ops/start.h"

#include <fcntl.h>
#include <stdio.h>
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

static bool hook_is_there(struct arena *m, int dir, const struct plan_file *f)
{
	const char *old = read_file(m, dir, f->name, CONF_MAX, NULL, NULL);

	return old && !strcmp(old, f->text) && faccessat(dir, f->name, X_OK, 0) == 0;
}

/* A script that is the same as before is left alone: it may be running. */
static int write_hook(struct arena *m, int dir, const struct plan_file *f, struct err *e)
{
	if (hook_is_there(m, dir, f)) return 0;
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

/* The plan of a jail as it is now; says what had to be decided. */
static int make_plan(struct engine *en, const struct jail *j, struct plan *plan, struct err *e)
{
	struct plan_facts facts;
	struct conf conf;

	if (jail_conf(en->m, en->host->dir, j->name, &conf, e) < 0) return -1;
	if (find_facts(en->m, j, &facts, e) < 0) return -1;
	if (plan_make(en->m, j->name, &conf, &facts, plan, e) < 0) return -1;
	for (size_t i = 0; i < plan->notes.n; i++)
		out_note("%s", plan->notes.v[i]);
	return 0;
}

static int find_jail(struct engine *en, const char *name, struct jail *j, struct err *e)
{
	if (jail_find(en->m, en->host->dir, name, j, e) < 0) return -1;
	if (j->broken) return fail(e, ERR_INPUT, "%s is no whole jail: %s", name, j->broken);
	return 0;
}

int op_start(struct engine *en, const char *name, struct err *e)
{
	struct plan plan;
	struct jail j;
	int runs;

	if (find_jail(en, name, &j, e) < 0) return -1;
	if (engine_knows(en, name) && (runs = engine_is_up(en, name, e))) return runs;
	if (make_plan(en, &j, &plan, e) < 0) return -1;
	if (write_hooks(en->m, en->host->dir, &plan, e) < 0) return fail_in(e, "starting %s", name);
	out_verbose("%s", plan_command(en->m, &plan));
	if ((runs = engine_start(en, &plan, e)) < 0) return fail_in(e, "starting %s", name);
	return runs;
}

static int note_hooks(struct engine *en, const struct jail *j, const struct plan *p,
                      struct err *e)
{
	AUTOCLOSE int fd = jail_open(en->host->dir, p->jail, e);

	if (fd < 0) return -1;
	for (size_t i = 0; i < p->file_count; i++)
		if (!hook_is_there(en->m, fd, &p->files[i]))
			out_note("%s/%s is not there as the config has it: a start writes it",
			         j->path, p->files[i].name);
	return 0;
}

int op_start_show(struct engine *en, const char *name, bool json, struct err *e)
{
	const char *text;
	struct plan plan;
	struct jail j;

	if (find_jail(en, name, &j, e) < 0) return -1;
	if (make_plan(en, &j, &plan, e) < 0) return -1;
	if (!(text = engine_show_start(en, &plan, e))) return -1;
	if (note_hooks(en, &j, &plan, e) < 0) return -1;
	puts(json ? text : plan_command(en->m, &plan));
	return 0;
}
