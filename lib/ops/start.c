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
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/gpu/passthrough.h"
#include "lib/jail/command.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/init.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"
#include "lib/jail/plan.h"
#include "lib/ops/clone_zfs.h"
#include "lib/ops/config.h"
#include "lib/ops/copy.h"
#include "lib/ops/quota.h"
#include "lib/ops/rollback.h"
#include "lib/ops/setup.h"
#include "lib/store/rollback.h"

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* As it is to be, and root's alone: else another one takes its place. */
static bool hook_is_there(struct arena *m, int dir, const struct plan_file *f)
{
	AUTOCLOSE int fd = -1;
	const char *old;
	struct stat st;

	if (fstatat(dir, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	if ((fd = conf_open_own(dir, f->name, f->name, NULL)) < 0) return false;
	old = read_all(m, fd, CONF_MAX, NULL, NULL);
	return old && !strcmp(old, f->text) && (st.st_mode & f->mode) == f->mode;
}

/* A script that is the same as before is left alone: it may be running. */
static int write_hook(struct arena *m, int dir, const struct plan_file *f, struct err *e)
{
	if (hook_is_there(m, dir, f)) return 0;
	return replace_file(dir, f->name, f->text, strlen(f->text), f->mode, e);
}

static int write_hooks(struct arena *m, struct jail *j, const struct plan *p, struct err *e)
{
	if (jail_check_own(j, e) < 0) return -1;
	for (size_t i = 0; i < p->file_count; i++)
		if (write_hook(m, j->fd, &p->files[i], e) < 0) return -1;
	return 0;
}

/* systemd-nspawn takes no root file system without a /usr, and an image with one program may
 * have none. */
static int make_usr(struct jail *j, const struct plan *p, struct err *e)
{
	int root = p->command ? jail_rootfs(j, e) : 0;

	return root < 0 ? -1 : p->command ? mkdir_in_root(root, "/usr", 0755, e) : 0;
}

/* What a start needs to know of a jail, and what is to be done. */
struct intent {
	struct jail *jail;
	struct conf_check check;
	struct setup_state setup;
	struct gpu gpu;
	struct plan plan;
	struct command command;	/* if the config has one */
	bool again;		/* what had to be told has been told */
	bool is_sound;		/* its init is a systemd that can run, as far as one can see */
};

/* Look at the machine for what the plan has to know. */
static int find_facts(struct arena *m, const struct intent *in, struct plan_facts *facts,
                      struct err *e)
{
	*facts = (struct plan_facts){
		.dir = in->jail->path,
		.nspawn = run_find(m, "systemd-nspawn", e),
		.has_apparmor = exists("/sys/module/apparmor"),
		.has_dri = exists("/dev/dri"),
		.has_kfd = exists("/dev/kfd"),
	};
	if (command_is_wanted(&in->check.options)) facts->command = &in->command;
	return facts->nspawn ? 0 : -1;
}

/* How far a start is to go. */
enum extent { SHOWN, STARTED, BOOTED };

/* The plan of a jail as it is now; says what had to be decided. */
static int make_plan(struct engine *en, struct intent *in, enum extent how, struct err *e)
{
	struct jail *j = in->jail;
	struct plan_facts facts;

	if (setup_look(en, j, &in->check.conf, &in->setup, e) < 0) return -1;
	if (in->setup.wanted && in->setup.first_start && !in->setup.possible)
		out_warn("the init of %s is not systemd: its initial_setup is not run",
		         j->name);
	in->setup.wanted &= in->setup.possible;
	if (find_facts(en->m, in, &facts, e) < 0) return -1;
	gpu_look(en, j, in->check.conf.gpu_nvidia.on, how == SHOWN, &in->gpu);
	if (how != SHOWN &&
	    gpu_prepare(en, j, &in->check.options.traits, in->setup.possible, &in->gpu, e) < 0)
		return -1;
	if (in->gpu.works) facts.nvidia = nvidia_bind_words(en->m, &in->gpu.nv.binds);
	facts.await_boot = !facts.command &&
	                   (how == BOOTED || (in->setup.wanted && in->setup.first_start));
	if (plan_make(en->m, j->name, &in->check.conf, &in->check.options, &facts, &in->plan,
	              e) < 0) return -1;
	for (size_t i = 0; !in->again && i < in->plan.notes.n; i++)
		out_note("%s", in->plan.notes.v[i]);
	return 0;
}

static int check_whole(const struct jail *j, struct err *e)
{
	/* systemd-nspawn would refuse it, in its own words. */
	if (!j->broken)
		return name_check(j->name, e) < 0 ? fail_in(e, "rename %s", j->path) : 0;
	return fail(e, ERR_INPUT, "jail %s is incomplete: %s", j->name, j->broken);
}

static int read_config(struct engine *en, struct intent *in, struct err *e)
{
	const char *text = jail_conf_own_text(en->m, in->jail, e);

	if (!text) return -1;
	conf_check(en->m, text, &in->check);
	if (in->check.loads) return 0;
	return conf_check_fail(&in->check, jail_config_path(en->m, in->jail), e);
}

static const char *config_shown(struct arena *m, const struct jail *j)
{
	return arena_printf(m, "%s: " LAYOUT_CONFIG, j->name);
}

/* Before anything runs: nothing is begun that would be refused. All that is wrong is told. */
static int heed_check(struct engine *en, const struct intent *in, struct err *e)
{
	const char *what = config_shown(en->m, in->jail);

	if (in->again) return conf_check_fail(&in->check, jail_config_path(en->m, in->jail), e);
	return op_config_heed(&in->check, what, jail_config_path(en->m, in->jail), e);
}

/* Whether nspawn is to look for an init in the root as it lies there, and nothing of the config
 * puts another root, or another part of the system, in its place. */
static bool boots_as_is(const struct nspawn_options *o, bool *boots)
{
	static char *const others[] = {
		"image", "template", "oci-bundle", "volatile", "ephemeral", "root-hash", NULL,
	};

	for (size_t i = 0; i < o->n; i++) {
		const char *value = o->v[i].value ? o->v[i].value : "";

		*boots |= str_eq(o->v[i].name, "boot");
		if (words_have(others, o->v[i].name)) return false;
		if (strstr(o->v[i].name, "overlay") || str_starts(o->v[i].name, "bind") ||
		    str_eq(o->v[i].name, "tmpfs"))
			if (strstr(value, "/usr") || strstr(value, "/lib") ||
			    strstr(value, "/sbin") || str_ends(value, ":/"))
				return false;
	}
	return true;
}

/* What may keep even a sound init from its work. */
static bool takes_away(const struct nspawn_options *o)
{
	static char *const names[] = {
		"drop-capability", "no-new-privileges", "private-users", "uid", "user",
		"read-only", "inaccessible", "system-call-filter", "rlimit", NULL,
	};

	for (size_t i = 0; i < o->n; i++)
		if (words_have(names, o->v[i].name)) return true;
	return false;
}

/* systemd-nspawn tells systemd of a jail that runs before it looks for its init. */
static int look_for_boot(struct engine *en, struct intent *in, struct err *e)
{
	const struct conf_options *o = &in->check.options;
	bool boots = false;
	bool certain = boots_as_is(&o->nspawn, &boots) && boots_as_is(&o->user, &boots);
	int root = jail_rootfs(in->jail, e);
	const char *fault;

	if (root < 0) return -1;
	in->is_sound = !boots;
	if (!boots || !certain || str_eq(in->check.conf.distro.text, "nixos") ||
	    conf_check_maker(&in->check))
		return 0;
	fault = init_fault(en->m, root, &in->is_sound);
	in->is_sound &= !takes_away(&o->user);
	return fault ? fail(e, ERR_HOST, "its root file system has no init that can run: %s",
	                    fault) : 0;
}

/* What the jail is to run. */
static int look_for_init(struct engine *en, struct intent *in, struct err *e)
{
	const struct conf_options *o = &in->check.options;
	int root;

	if (!command_is_wanted(o)) return look_for_boot(en, in, e);
	if ((root = jail_rootfs(in->jail, e)) < 0) return -1;
	return command_find(en->m, &in->check.conf, o, root, &in->command, e);
}

/* What works in another way than with the Python tool is said once. */
static void tell_hints(struct engine *en, const struct intent *in)
{
	if (in->setup.first_start && !in->again)
		op_config_hints(&in->check.found, config_shown(en->m, in->jail));
}

/* A start has failed in systemd-nspawn, and something is missing still: that is why, most
 * likely. A hook that failed is a cause of its own. */
static void blame_missing(struct engine *en, const struct intent *in, struct err *e)
{
	struct faults missing = { .m = en->m };
	const char *more = arena_printf(en->m, "'jlmkr edit %s' opens it", in->jail->name);

	conf_check_missing(&in->check, &missing);
	if (!e || e->kind != ERR_HOST || !missing.n || !str_starts(e->text, "systemd-nspawn "))
		return;
	out_note("%s", e->text);
	if (conf_check_retries(&in->check))
		more = arena_printf(en->m, "systemd tries again until 'jlmkr stop %s'",
		                    in->jail->name);
	fail(e, ERR_HOST, "line %u of its config: %s; %s", missing.v[0].line, missing.v[0].text,
	     more);
}

/* Whether it runs already, asking systemd only if files say so: else a start would wait for an
 * answer that is no in the end. */
static int is_up(struct engine *en, const struct jail *j, struct err *e)
{
	const char *where = NULL;
	int state;

	if (engine_glance(en, j, &where) == JAIL_DEAD) {
		if (!(where = engine_foreign(en, j))) return 0;
		out_note("%s runs under another unit, %s", j->name, where);
		return ENGINE_RAN;
	}
	state = where ? JAIL_OTHER : engine_state(en, j, &where, e);
	if (where) return engine_fail_other(j, where, e);
	if (state != JAIL_UP) return state < 0 ? -1 : 0;
	return engine_is_ending(en, j) ? ENGINE_OTHERS : ENGINE_RAN;
}

/* Where a link leads, others may have a say. */
static void warn_of_doubt(struct engine *en, const struct intent *in)
{
	const char *doubt = in->again ? NULL : jail_doubt(en->m, in->jail);

	if (doubt)
		out_warn("%s. Until then they can exchange the files of %s", doubt,
		         in->jail->name);
}

/* With the jail's lock. */
static int start_locked(struct engine *en, enum extent how, struct intent *in, struct err *e)
{
	int rc;

	if (op_check_not_standby(en->m, in->jail, e) < 0) goto fault;
	if (op_clone_settle(en, in->jail, e) < 0) goto fault;
	if (rollback_is_begun(in->jail->fd) && op_rollback_finish(en, in->jail, e) < 0)
		goto fault;
	if (read_config(en, in, e) < 0) return -1;
	if (jail_lock_files(in->jail, e) < 0 || engine_check_alone(en, in->jail, e) < 0)
		goto fault;
	warn_of_doubt(en, in);
	if (heed_check(en, in, e) < 0 || look_for_init(en, in, e) < 0) goto fault;
	if (make_plan(en, in, how, e) < 0) return -1;
	tell_hints(en, in);
	op_quota_apply(en->m, in->jail, &in->check.conf);
	if (in->setup.wanted && in->setup.first_start &&
	    setup_write(en, in->jail, &in->check.conf, e) < 0)
		return -1;
	if (make_usr(in->jail, &in->plan, e) < 0) goto fault;
	if (write_hooks(en->m, in->jail, &in->plan, e) < 0) goto fault;
	out_verbose("%s", plan_command(en->m, &in->plan));
	if ((rc = engine_start(en, in->jail, &in->plan, !in->is_sound, e)) >= 0) return rc;
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
	if ((rc = is_up(en, j, e)) == ENGINE_OTHERS) rc = engine_settle(en, j, e);
	if (rc != 0) return rc;
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
		out_warn("the initial_setup of %s is not done: 'jlmkr setup %s' runs it", name,
		         name);
}

int op_start_check(struct engine *en, struct jail *j, struct err *e)
{
	struct intent in = { .jail = j };
	struct plan_facts facts;

	if (check_whole(j, e) < 0 || read_config(en, &in, e) < 0) return -1;
	if (faults_first_error(&in.check.found) && heed_check(en, &in, e) < 0) return -1;
	if (look_for_init(en, &in, e) < 0 || find_facts(en->m, &in, &facts, e) < 0) return -1;
	if (plan_make(en->m, j->name, &in.check.conf, &in.check.options, &facts, &in.plan,
	              e) < 0) return -1;
	return engine_check_start(en, &in.plan, e);
}

int op_start(struct engine *en, struct jail *j, struct err *e)
{
	struct intent in = { .jail = j };
	int runs = start(en, STARTED, &in, e);

	if (runs == 1 && jail_conf(en->m, j, &in.check.conf, NULL) == 0)
		setup_look(en, j, &in.check.conf, &in.setup, NULL);
	if (runs == 0 && in.setup.wanted && in.setup.first_start)
		return setup_run(en, j, SETUP_NETWORK_WAIT, e);
	if (runs >= 0) note_unfinished(j->name, &in.setup);
	return runs;
}

int op_start_named(struct engine *en, const char *name, struct err *e)
{
	AUTOJAIL j = NO_JAIL;

	return jail_open(en->m, en->host->dir, name, &j, e) < 0 ? -1 : op_start(en, &j, e);
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
	op_config_tell(&in.check.found, config_shown(en->m, j));
	if (command_is_wanted(&in.check.options) && look_for_init(en, &in, e) < 0) return -1;
	if (make_plan(en, &in, SHOWN, e) < 0) return -1;
	if (!(text = engine_show_start(en, &in.plan, e))) return -1;
	if (note_hooks(en, &in, e) < 0) return -1;
	if (in.gpu.works && !exists(in.gpu.nv.farm))
		out_note("%s is not there: a start makes it", in.gpu.nv.farm);
	if (in.setup.wanted && in.setup.first_start)
		out_note("it would be the first start of %s: its initial_setup is run then",
		         j->name);
	out_text(arena_printf(en->m, "%s\n", json ? text : plan_command(en->m, &in.plan)));
	return out_flush(e);
}
