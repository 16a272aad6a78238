#include "lib/jail/plan.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"
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
			file, arena_printf(m, "%s\n", hook->text),
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

static bool wants_apparmor(const struct nspawn_option *o)
{
	return str_eq(o->name, "inaccessible") && str_eq(o->value, APPARMOR);
}

/* The defaults hide AppArmor's place, and nspawn refuses that where there is none. */
static void add_defaults(struct plan *p, const struct nspawn_options *o, bool has_apparmor)
{
	size_t at = 0;

	for (size_t i = 0; i < o->n && !has_apparmor; i++) {
		if (!wants_apparmor(&o->v[i])) continue;
		words_addf(&p->notes,
		           "left out --inaccessible=" APPARMOR ": this kernel has no AppArmor");
		for (; at < o->v[i].word; at++)
			words_add(&p->argv, o->words.v[at]);
		at += o->v[i].word_count;
	}
	for (; at < o->words.n; at++)
		words_add(&p->argv, o->words.v[at]);
}

static void plan_argv(struct plan *p, const struct conf *c, const struct conf_options *o,
                      const struct plan_facts *facts)
{
	words_add(&p->argv, facts->nspawn);
	add_defaults(p, &o->nspawn, facts->has_apparmor);
	words_addf(&p->argv, "--machine=%s", p->jail);
	if (*c->hostname.text) words_addf(&p->argv, "--hostname=%s", c->hostname.text);
	if (begins_elsewhere(p))
		words_addf(&p->argv, "--directory=%s/" LAYOUT_ROOTFS, facts->dir);
	else
		words_add(&p->argv, "--directory=" LAYOUT_ROOTFS);
	if (facts->await_boot) words_add(&p->argv, "--notify-ready=yes");
	add_gpus(p, c, facts);
	for (size_t i = 0; i < o->user.words.n; i++)
		words_add(&p->argv, o->user.words.v[i]);
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
	plan_argv(p, c, o, facts);
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
