#include "lib/ops/start.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/engine/engine.h"
#include "lib/gpu/passthrough.h"
#include "lib/jail/conf_options.h"
#include "lib/jail/jail.h"
#include "lib/jail/plan.h"
#include "lib/ops/config.h"
#include "lib/ops/setup.h"

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

/* As it is to be, and root's alone: else another one takes its place. */
static bool hook_is_there(struct arena *m, int dir, const struct plan_file *f)
{
	AUTOCLOSE int fd = -1;
	const char *old;
	struct stat st;

	if (fstatat(dir, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)) return false;
	if ((fd = conf_open_own(dir, f->name, f->name, NULL)) < 0) return false;
	old = read_all(m, fd, CONF_MAX, NULL, NULL);
	return old && !strcmp(old, f->text) && faccessat(dir, f->name, X_OK, 0) == 0;
}

/* A script that is the same as before is left alone: it may be running. */
static int write_hook(struct arena *m, int dir, const struct plan_file *f, struct err *e)
{
	if (hook_is_there(m, dir, f)) return 0;
	return replace_file(dir, f->name, f->text, strlen(f->text), 0700, e);
}

static int write_hooks(struct arena *m, struct jail *j, const struct plan *p, struct err *e)
{
	if (jail_check_own(j, e) < 0) return -1;
	for (size_t i = 0; i < p->file_count; i++)
		if (write_hook(m, j->fd, &p->files[i], e) < 0) return -1;
	return 0;
}

/* What a start needs to know of a jail, and what is to be done. */
struct intent {
	struct jail *jail;
	struct conf conf;
	struct conf_options options;
	struct setup_state setup;
	struct gpu gpu;
	struct plan plan;
	bool again;		/* what had to be said was said already */
};

/* How far a start is to go. */
enum extent { SHOWN, STARTED, BOOTED };

/* The plan of a jail as it is now; says what had to be decided. */
static int make_plan(struct engine *en, struct intent *in, enum extent how, struct err *e)
{
	struct jail *j = in->jail;
	struct plan_facts facts;

	if (setup_look(en, j, &in->conf, &in->setup, e) < 0) return -1;
	if (in->setup.wanted && in->setup.first_start && !in->setup.possible)
		out_warn("the init of %s is not systemd: its initial_setup is not run", j->name);
	in->setup.wanted &= in->setup.possible;
	if (find_facts(en->m, j, &facts, e) < 0) return -1;
	if (conf_options_fail(&in->options, e) < 0) return fail_in(e, "%s", jail_config_path(en->m, in->jail));
	gpu_look(en, j, in->conf.gpu_nvidia.on, how == SHOWN, &in->gpu);
	if (how != SHOWN &&
	    gpu_prepare(en, j, &in->options.traits, in->setup.possible, &in->gpu, e) < 0)
		return -1;
	if (in->gpu.works) facts.nvidia = nvidia_bind_words(en->m, &in->gpu.nv.binds);
	facts.await_boot = how == BOOTED || (in->setup.wanted && in->setup.first_start);
	if (plan_make(en->m, j->name, &in->conf, &in->options, &facts, &in->plan, e) < 0) return -1;
	for (size_t i = 0; !in->again && i < in->plan.notes.n; i++)
		out_note("%s", in->plan.notes.v[i]);
	return 0;
}

static int check_whole(const struct jail *j, struct err *e)
{
	if (!j->broken) return 0;
	return fail(e, ERR_INPUT, "jail %s is incomplete: %s", j->name, j->broken);
}

static int read_config(struct engine *en, struct intent *in, struct err *e)
{
	if (jail_conf_own(en->m, in->jail, &in->conf, e) < 0) return -1;
	conf_options_read(en->m, &in->conf, &in->options);
	return 0;
}

/* Before anything runs. What a pre_start_hook may make is no reason not to try. */
static int look_for_missing(struct engine *en, const struct intent *in, bool warn, struct err *e)
{
	struct faults missing = { .m = en->m };
	const char *path = jail_config_path(en->m, in->jail);
	bool prepares = op_config_prepares(&in->conf, &in->options);

	op_config_missing(en->m, &in->conf, &in->options, true, &missing);
	if (missing.n && !prepares)
		return fail(e, ERR_HOST, "%s: line %u: %s", path, missing.v[0].line, missing.v[0].text);
	for (size_t i = 0; warn && i < missing.n; i++)
		out_warn("%s: line %u: %s, unless %s makes it", path, missing.v[i].line, missing.v[i].text,
		         *in->conf.pre_start_hook.text ? "the pre_start_hook" : "its unit");
	return 0;
}

/* A start has failed, and something is missing still: that is why, most likely. */
static void blame_missing(struct engine *en, const struct intent *in, struct err *e)
{
	struct faults missing = { .m = en->m };

	op_config_missing(en->m, &in->conf, &in->options, false, &missing);
	if (e && e->kind == ERR_HOST && missing.n)
		fail_in(e, "line %u of its config: %s", missing.v[0].line, missing.v[0].text);
}

/* Whether it runs already, asking systemd only if files say so: else a start would wait for an
 * answer that is no in the end. */
static int is_up(struct engine *en, const struct jail *j, struct err *e)
{
	const char *where = NULL;
	int state;

	if (engine_glance(en, j, &where) == JAIL_DEAD) return 0;
	state = where ? JAIL_OTHER : engine_state(en, j, &where, e);
	if (where) return engine_fail_other(j, where, e);
	return state < 0 ? -1 : state == JAIL_UP;
}

/* With the jail's lock. */
static int start_locked(struct engine *en, enum extent how, struct intent *in, struct err *e)
{
	int rc;

	if (read_config(en, in, e) < 0) return -1;
	if (look_for_missing(en, in, !in->again, e) < 0) goto fault;
	if (make_plan(en, in, how, e) < 0) return -1;
	if (in->setup.wanted && in->setup.first_start && setup_write(en, in->jail, &in->conf, e) < 0)
		return -1;
	if (write_hooks(en->m, in->jail, &in->plan, e) < 0) goto fault;
	out_verbose("%s", plan_command(en->m, &in->plan));
	if ((rc = engine_start(en, in->jail, &in->plan, e)) >= 0) return rc;
	blame_missing(en, in, e);
fault:
	return fail_in(e, "starting %s", in->jail->name);
}

/* 1 when it ran already. */
static int start(struct engine *en, enum extent how, struct intent *in, struct err *e)
{
	struct jail *j = in->jail;
	int rc;

	if (check_whole(j, e) < 0) return -1;
	if ((rc = is_up(en, j, e)) != 0) return rc;
	for (;; in->again = true) {
		if (jail_lock(j, e) < 0) break;
		if ((rc = is_up(en, j, e)) == 0) rc = start_locked(en, how, in, e);
		jail_unlock(j);
		if (rc == ENGINE_STARTED) return gpu_finish(en, j, &in->gpu, e);
		if (rc != ENGINE_OTHERS) return rc;
		jail_leave(j);
		if (engine_settle(en, j, e) < 0) break;
	}
	return fail_in(e, "starting %s", j->name);
}

/* It failed, was interrupted, or somebody else runs it at the moment. */
static void note_unfinished(const char *name, const struct setup_state *s)
{
	if (s->wanted && s->begun)
		out_warn("the initial_setup of %s is not done: 'jlmkr setup %s' runs it", name, name);
}

int op_start_check(struct engine *en, struct jail *j, struct err *e)
{
	struct intent in = { .jail = j };
	struct plan_facts facts;

	if (check_whole(j, e) < 0 || read_config(en, &in, e) < 0) return -1;
	if (conf_options_fail(&in.options, e) < 0) return fail_in(e, "%s", jail_config_path(en->m, j));
	if (look_for_missing(en, &in, false, e) < 0 || find_facts(en->m, j, &facts, e) < 0) return -1;
	if (plan_make(en->m, j->name, &in.conf, &in.options, &facts, &in.plan, e) < 0) return -1;
	return engine_show_start(en, &in.plan, e) ? 0 : -1;
}

int op_start(struct engine *en, struct jail *j, struct err *e)
{
	struct intent in = { .jail = j };
	int runs = start(en, STARTED, &in, e);

	if (runs == 1 && jail_conf(en->m, j, &in.conf, NULL) == 0)
		setup_look(en, j, &in.conf, &in.setup, NULL);
	if (runs == 0 && in.setup.wanted && in.setup.first_start)
		return setup_run(en, j, SETUP_NETWORK_WAIT, e);
	if (runs >= 0) note_unfinished(j->name, &in.setup);
	return runs;
}

int op_start_booted(struct engine *en, struct jail *j, struct err *e)
{
	struct intent in = { .jail = j };

	return start(en, BOOTED, &in, e);
}

static int note_hooks(struct engine *en, const struct intent *in, struct err *e)
{
	int fd = jail_dir(in->jail, e);

	if (fd < 0) return -1;
	for (size_t i = 0; i < in->plan.file_count; i++)
		if (!hook_is_there(en->m, fd, &in->plan.files[i]))
			out_note("%s/%s is not there as the config has it: a start writes it",
			         in->jail->path, in->plan.files[i].name);
	return 0;
}

int op_start_show(struct engine *en, struct jail *j, bool json, struct err *e)
{
	struct intent in = { .jail = j };
	const char *text;

	if (check_whole(j, e) < 0 || read_config(en, &in, e) < 0) return -1;
	if (make_plan(en, &in, SHOWN, e) < 0) return -1;
	if (!(text = engine_show_start(en, &in.plan, e))) return -1;
	if (note_hooks(en, &in, e) < 0) return -1;
	if (in.gpu.works && !exists(in.gpu.nv.farm))
		out_note("%s is not there: a start makes it", in.gpu.nv.farm);
	if (in.setup.wanted && in.setup.first_start)
		out_note("it would be the first start of %s: its initial_setup is run then", j->name);
	out_text(arena_printf(en->m, "%s\n", json ? text : plan_command(en->m, &in.plan)));
	return out_flush(e);
}
