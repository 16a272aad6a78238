#include "lib/jail/plan.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/jail/command.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"
#include "lib/systemd/props/props.h"
#include "lib/text/json.h"
#include "lib/text/split.h"

#define APPARMOR "/sys/module/apparmor"

/* The characters that systemd's command line syntax gives a meaning
 * (systemd.service(5), "Command lines"). */
static const char *systemd_escape(struct arena *m, const char *path)
{
	struct str out = { .m = m };

	for (; *path; path++) {
		if (strchr(" \t\n\r\\\"'", *path))
			str_addf(&out, "\\x%02x", (unsigned)*path);
		else
			str_addc(&out, *path);
	}
	return str_text(&out);
}

static void add_hook(struct arena *m, struct plan *p, const struct plan_facts *facts,
                     const struct conf_text *hook, const char *property, const char *file)
{
	const char *command = hook->text;

	if (!*hook->text) return;
	if (str_starts(hook->text, "#!")) {
		p->files[p->file_count++] = (struct plan_file){
			file, arena_printf(m, "%s\n", hook->text), 0700,
		};
		command = systemd_escape(m, arena_printf(m, "%s/%s", facts->dir, file));
	}
	p->hooks[p->hook_count++] = (struct plan_hook){ hook->key, property, p->run.n,
	                                                hook->line };
	run_options_put(&p->run, "property", arena_printf(m, "%s=%s", property, command),
	                hook->line);
}

static void plan_run(struct arena *m, struct plan *p, const struct conf *c,
                     const struct run_options *user, const struct plan_facts *facts)
{
	run_options_init(&p->run, m);
	run_options_put(&p->run, "working-directory", facts->dir, 0);
	run_options_put(&p->run, "description", arena_printf(m, "My nspawn jail %s "
	                "[created with jailmaker]", p->jail), 0);
	run_options_append(&p->run, user);
	if (!c->seccomp.on) run_options_put(&p->run, "setenv", "SYSTEMD_SECCOMP=0", 0);
	add_hook(m, p, facts, &c->pre_start_hook, "ExecStartPre", LAYOUT_PRE_START);
	add_hook(m, p, facts, &c->post_start_hook, "ExecStartPost", LAYOUT_POST_START);
	add_hook(m, p, facts, &c->post_stop_hook, "ExecStopPost", LAYOUT_POST_STOP);
}

static void add_gpus(struct plan *p, const struct conf *c, const struct plan_facts *facts)
{
	if (c->gpu_intel.on && facts->has_dri) words_add(&p->argv, "--bind=/dev/dri");
	if (c->gpu_intel.on && facts->has_kfd) words_add(&p->argv, "--bind=/dev/kfd");
	if (c->gpu_intel.on && !facts->has_dri)
		words_add(&p->notes, "there is no /dev/dri: starting without the GPU");
	if (c->gpu_nvidia.on && facts->nvidia) words_add_all(&p->argv, facts->nvidia);
}

/* A unit that begins elsewhere, because the user's options say so, needs the whole path. */
static bool begins_elsewhere(const struct plan *p)
{
	for (const struct run_option *o = p->run.v; o < p->run.v + p->run.n; o++)
		if (o->line && o->name &&
		    (str_eq(o->name, "working-directory") || str_eq(o->name, "same-dir")))
			return true;
	return false;
}

/* Docker and the like on the host's network change the host's firewall. */
static void warn_of_network(struct plan *p, const struct conf_options *o)
{
	const struct nspawn_traits *t = &o->traits;

	if (t->changes_firewall && !t->own_network && !t->own_users)
		words_addf(&p->notes,
		           "%s shares the host's network: Docker and the like in it change the "
		           "host's firewall; give it a --network-bridge or --network-macvlan",
		           p->jail);
}

/* The defaults hide AppArmor's place, and nspawn refuses that where there is none. */
static bool hides_nothing(const struct nspawn_option *o, const struct plan_facts *facts)
{
	return !facts->has_apparmor && str_eq(o->name, "inaccessible") &&
	       str_eq(o->value, APPARMOR);
}

/* What nspawn would refuse beside the command. */
static bool boots(const struct nspawn_option *o, const struct plan_facts *facts)
{
	return facts->command && str_eq(o->name, "boot");
}

/* The words of the options, without those that cannot be. */
static void add_options(struct plan *p, const struct nspawn_options *o, bool is_users,
                        const struct plan_facts *facts)
{
	size_t at = 0;

	for (size_t i = 0; i < o->n; i++) {
		bool hides = !is_users && hides_nothing(&o->v[i], facts);
		bool boot = boots(&o->v[i], facts);

		if (!hides && !boot) continue;
		if (hides)
			words_addf(&p->notes, "left out --inaccessible=" APPARMOR
			           ": this kernel has no AppArmor");
		if (boot && is_users)
			words_addf(&p->notes, "left out %s: %s runs its init_command",
			           o->v[i].shown, p->jail);
		for (; at < o->v[i].word; at++)
			words_add(&p->argv, o->words.v[at]);
		at += o->v[i].word_count;
	}
	for (; at < o->words.n; at++)
		words_add(&p->argv, o->words.v[at]);
}

/* -- a command instead of an init -- */

/* What tells nspawn the numbers of a user: --user= would ask a program of the jail for them.
 * A bundle of the Open Container Initiative says a few things more, which options replace:
 * the command and its directory, the root file system, and that the time zone is left alone. */
static void add_user(struct arena *m, struct plan *p, const struct plan_facts *facts)
{
	const struct command *c = facts->command;
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_object(&o, NULL);
	json_add_text(&o, "ociVersion", "1.0.0");
	json_object(&o, "process");
	json_object(&o, "user");
	json_add_int(&o, "uid", c->uid);
	json_add_int(&o, "gid", c->gid);
	json_array(&o, "additionalGids");
	for (size_t i = 0; i < c->group_count; i++)
		json_add_int(&o, NULL, c->groups[i]);
	json_end(&o, ']');
	json_end(&o, '}');
	json_add_raw(&o, "args", "[\"/\"]");
	json_add_text(&o, "cwd", "/");
	json_end(&o, '}');
	json_object(&o, "root");
	json_add_text(&o, "path", LAYOUT_ROOTFS);
	json_end(&o, '}');
	json_end(&o, '}');
	str_addc(&text, '\n');
	p->files[p->file_count++] = (struct plan_file){ LAYOUT_USER, str_text(&text), 0600 };
	words_addf(&p->argv, "--oci-bundle=%s", begins_elsewhere(p) ? facts->dir : ".");
	words_add(&p->argv, "--timezone=auto");
}

static void add_environment(struct plan *p, const struct command *c, const struct split *env)
{
	bool has_home = false;

	for (size_t i = 0; i < env->n; i++)
		has_home |= str_starts(env->v[i], "HOME=");
	if (!has_home) words_addf(&p->argv, "--setenv=HOME=%s", c->home);
	for (size_t i = 0; i < env->n; i++)
		if (command_env_is_taken(env->v[i]))
			words_addf(&p->argv, "--setenv=%s", env->v[i]);
}

/* The stub that nspawn makes the first process for --as-pid2 hands on no signal but SIGTERM
 * with SIGHUP, and without --kill-signal= nspawn kills: so the unit itself sends the command
 * its signal, and waits. A command that is the first process gets it from nspawn. */
static void add_stop(struct arena *m, struct plan *p, const struct conf *c,
                     const struct command *command)
{
	if (c->init_pid1.on) {
		words_addf(&p->argv, "--kill-signal=%s", signal_name(m, command->stop_signal));
		return;
	}
	words_add(&p->argv, "--as-pid2");
	run_options_put(&p->run, "property",
	                arena_printf(m, "ExecStop=-:/bin/sh -c 'exec 2>/dev/null; "
	                             "read stub rest </proc/$MAINPID/task/$MAINPID/children; "
	                             "read pid rest </proc/$stub/task/$stub/children; "
	                             "kill -%d $pid && "
	                             "while kill -0 $MAINPID; do sleep 0.05; done'",
	                             command->stop_signal), 0);
}

static void add_command(struct arena *m, struct plan *p, const struct conf *c,
                        const struct conf_options *o, const struct plan_facts *facts)
{
	const struct command *command = facts->command;

	p->command = command->argv[0];
	run_options_put(&p->run, "setenv", PLAN_COMMAND, 0);
	add_stop(m, p, c, command);
	if (!str_eq(command->directory, "/"))
		words_addf(&p->argv, "--chdir=%s", command->directory);
	if (!command->is_root) add_user(m, p, facts);
	add_environment(p, command, &o->env);
}

static void plan_argv(struct arena *m, struct plan *p, const struct conf *c,
                      const struct conf_options *o, const struct plan_facts *facts)
{
	words_add(&p->argv, facts->nspawn);
	add_options(p, &o->nspawn, false, facts);
	words_addf(&p->argv, "--machine=%s", p->jail);
	if (*c->hostname.text) words_addf(&p->argv, "--hostname=%s", c->hostname.text);
	if (begins_elsewhere(p))
		words_addf(&p->argv, "--directory=%s/" LAYOUT_ROOTFS, facts->dir);
	else
		words_add(&p->argv, "--directory=" LAYOUT_ROOTFS);
	if (facts->await_boot) words_add(&p->argv, "--notify-ready=yes");
	if (facts->command) add_command(m, p, c, o, facts);
	add_gpus(p, c, facts);
	add_options(p, &o->user, true, facts);
	if (facts->command) words_add_all(&p->argv, facts->command->argv);
	warn_of_network(p, o);
}

int plan_make(struct arena *m, const char *jail, const struct conf *c,
              const struct conf_options *o, const struct plan_facts *facts, struct plan *p,
              struct err *e)
{
	*p = (struct plan){
		.jail = arena_strdup(m, jail),
		.unit = name_unit(m, jail),
		.config = arena_printf(m, "%s/" LAYOUT_CONFIG, facts->dir),
		.argv.m = m,
		.notes.m = m,
	};
	if (conf_options_fail(o, e) < 0) return fail_in(e, "%s", p->config);
	plan_run(m, p, c, &o->run, facts);
	plan_argv(m, p, c, o, facts);
	return 0;
}

/* Not every systemd-run knows --expand-environment, so it is acted on and left out. */
const char *plan_command(struct arena *m, const struct plan *p)
{
	struct words w = { .m = m };

	words_add(&w, "systemd-run");
	words_addf(&w, "--unit=%s", p->unit);
	for (const struct run_option *o = p->run.v; o < p->run.v + p->run.n; o++)
		if (!o->name || !str_eq(o->name, "expand-environment"))
			words_add_all(&w, o->words);
	words_add(&w, "--");
	for (size_t i = 0; i < p->argv.n; i++) {
		if (p->run.verbatim == 0)
			words_add(&w, p->argv.v[i]);
		else
			words_add(&w, word_without_variables(m, p->argv.v[i]));
	}
	return words_quoted(m, words_list(&w));
}
