/* Make a jail from an image: of the options, or of the answers to some questions. */

#include "applets/create.h"

#include <stdio.h>
#include <unistd.h>

#include "applets/create_wizard.h"
#include "lib/base/auto.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/cli/applet.h"
#include "lib/engine/engine.h"
#include "lib/image/index.h"
#include "lib/jail/conf.h"
#include "lib/jail/conf_options.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/template.h"
#include "lib/nspawn/options.h"
#include "lib/ops/create.h"
#include "lib/ops/start.h"
#include "lib/text/size.h"
#include "lib/text/split.h"

extern const struct applet create_applet;

/* For the help, and for completion; tests compare it with the templates that there are. */
#define TEMPLATES "list|docker|podman|k3s|incus|lxd|nixos|router"

#define OPT_INTO create_args
static const struct opt create_opts[] = {
	OPT_TEXT(0, "distro", distro, "NAME", "the distribution (debian)"),
	OPT_TEXT(0, "release", release, "NAME", "its release (bookworm)"),
	OPT_TEXT(0, "variant", variant, "NAME", "the variant of its image (default)"),
	OPT_TEXT(0, "build", build, "SERIAL", "install this build instead of the newest"),
	OPT_TEXT(0, "arch", arch, "NAME", "the architecture (this machine's)"),
	OPT_TEXT(0, "image", image, "FILE|URL|-", "install this tar archive: plain, xz, zstd or gzip"),
	OPT_TEXT(0, "sha256", sha256, "HEX", "the expected SHA-256 of --image"),
	OPT_LIST(0, "server", servers, "URL", "use this server, not images.linuxcontainers.org"),
	OPT_TEXT(0, "cacert", cacert, "FILE", "trust these authorities instead of the system's"),
	OPT_TEXT(0, "max-size", max_size, "SIZE", "the largest size it may unpack to (64G)"),
	OPT_NUMBER(0, "max-files", max_files, "N", "the most files it may unpack to (5000000)"),
	OPT_SWITCH(NULL, "allow-devices", allow_devices, "create the harmless device files in it (1)"),
	OPT_FLAG(0, "offline", offline, "take the image from the cache; ask no server"),
	OPT_FLAG(0, "no-clone", no_clone, "unpack the image again instead of cloning it"),
	OPT_FLAG(0, "dry-run", dry_run, "show what would be created, without creating it"),
	OPT_FLAG(0, "start", start, "start the jail when it is complete"),
	OPT_TEXT(0, "hostname", hostname, "NAME", "its host name, if not the name of the jail"),
	OPT_SWITCH(NULL, "startup", startup, "start it when 'startup' runs (0)"),
	OPT_SWITCH(NULL, "seccomp", seccomp, "filter its system calls (1)"),
	OPT_TEXT('c', "config", config, "FILE", "start from this config, file or pipe (- is stdin)"),
	OPT_TEXT(0, "template", template, TEMPLATES, "start from this template; list names them"),
	OPT_LIST(0, "set", sets, "NAME=VALUE", "set a word that the template needs: bridge=br1"),
	OPT_SWITCH("gi", "gpu_passthrough_intel", gpu_intel, "pass Intel and AMD GPUs through (0)"),
	OPT_SWITCH("gn", "gpu_passthrough_nvidia", gpu_nvidia, "pass NVIDIA GPUs through (0)"),
	OPT_END
};

static int read_template(struct arena *m, const struct create_args *a, struct create_how *how,
                         struct err *e)
{
	how->template_name = str_eq(a->config, "-") ? "standard input" : a->config;
	how->template_text = a->config_text ? a->config_text : conf_read_named(m, a->config, e);
	return how->template_text ? 0 : fail_in(e, "config");
}

static char *const *sets_of(const struct create_args *a)
{
	static char *const none[] = { NULL };

	return a->sets.n ? a->sets.v : none;
}

static int use_template(struct arena *m, const struct create_args *a, struct create_how *how,
                        struct err *e)
{
	const struct template *t = template_find(a->template, e);

	if (!t) return -1;
	how->template_name = arena_printf(m, "the template %s", a->template);
	how->template_text = template_fill(m, t, sets_of(a), e);
	return how->template_text ? 0 : -1;
}

static int list_templates(struct arena *m, struct err *e)
{
	const struct template *t;

	for (size_t i = 0; (t = template_at(i)); i++)
		printf("%-8s%s\n", t->name, template_brief(m, t));
	return out_flush(e);
}

static int check_template(struct arena *m, const struct create_args *a, struct err *e)
{
	const struct template *t;

	if (a->template && a->config)
		return fail(e, ERR_USAGE, "--template and --config exclude each other");
	if (a->sets.n && !a->template) return fail(e, ERR_USAGE, "--set belongs to --template");
	if (!a->template) return 0;
	return !(t = template_find(a->template, e)) ? -1 : template_check_sets(m, t, sets_of(a), e);
}

static int check_image(const struct create_args *a, struct err *e)
{
	if (a->sha256 && !a->image) return fail(e, ERR_USAGE, "--sha256 belongs to --image");
	if (a->image && (a->offline || a->build || a->variant || a->arch))
		return fail(e, ERR_USAGE, "--image excludes --offline, --build, --variant and --arch");
	if (a->image && a->config && str_eq(a->image, "-") && str_eq(a->config, "-"))
		return fail(e, ERR_USAGE, "config and image cannot both be standard input");
	return 0;
}

/* "create web --start": that goes to nspawn, for good. */
static void warn_of_late_options(struct arena *m, char *const *nspawn_args)
{
	unsigned line = 0;

	for (; nspawn_args && *nspawn_args; nspawn_args++) {
		const struct split word = { .v = (char **)nspawn_args, .lines = &line, .n = 1 };
		struct nspawn_options o;

		nspawn_options_parse(&o, m, &word);
		if (o.faults.n && opts_has(&create_applet, *nspawn_args))
			out_warn("%s goes to systemd-nspawn: options of create stand before the name",
			         *nspawn_args);
	}
}

static int start_new(struct engine *en, const char *name, bool startable, struct err *e)
{
	AUTOJAIL j = NO_JAIL;

	if (!startable) {
		out_warn("%s was not started", name);
		return 0;
	}
	if (jail_open(en->m, en->host->dir, name, &j, e) < 0 || op_start(en, &j, e) < 0) return -1;
	out_note("%s runs", name);
	return 0;
}

/* With `#` before what is no config, so that the output is a template. */
static int show(struct engine *en, const struct create_how *how, bool start, struct err *e)
{
	struct create_plan p;

	if (op_create_plan(en, how, &p, e) < 0) return -1;
	out_line("# jail: %s, the directory %s", how->name, p.path);
	if (p.dataset) out_line("# ZFS dataset: %s", p.dataset);
	if (how->archive)
		out_line("# image: the archive %s", str_eq(how->archive, "-") ?
		         "on standard input" : word_shown(en->m, how->archive));
	else
		out_line("# image: %s %s %s %s, build %s%s", p.image.image->distro, p.image.image->release,
		         p.image.image->variant, p.image.image->arch, p.image.build->serial,
		         p.cached ? ", from the cache" : "");
	out_line("# started then: %s", start ? "yes" : "no");
	out_line("# its config:");
	out_text(p.config);
	return out_flush(e);
}

static int read_size(const struct create_args *a, uint64_t *size, struct err *e)
{
	if (!a->max_size || size_parse(a->max_size, size, e) == 0) return 0;
	if (e) e->kind = ERR_USAGE;
	return fail_in(e, "--max-size");
}

static int make(struct host *h, const struct create_args *a, const struct answers *said,
                struct err *e)
{
	const bool no_devices = a->allow_devices && str_eq(a->allow_devices, "0");
	struct create_how how = {
		.name = said->name,
		.template_text = said->template_text,
		.template_name = said->template_text ? "the template" : NULL,
		.distro = a->distro,
		.release = a->release,
		.variant = a->variant,
		.arch = a->arch,
		.serial = a->build,
		.offline = a->offline,
		/* what is cloned was unpacked within other limits */
		.no_clone = a->no_clone || a->max_size || a->max_files || no_devices,
		.archive = a->image,
		.sha256 = a->sha256,
		.max_files = (uint64_t)a->max_files,
		.no_devices = no_devices,
		.hostname = a->hostname,
		.startup = a->startup,
		.seccomp = a->seccomp,
		.gpu_intel = a->gpu_intel,
		.gpu_nvidia = a->gpu_nvidia,
		.nspawn_args = said->nspawn_args,
	};
	AUTOENGINE struct engine en;
	bool startable;

	engine_init(&en, h, h->m);
	warn_of_late_options(h->m, said->nspawn_args);
	if (read_size(a, &how.max_size, e) < 0) return -1;
	if (a->config && read_template(h->m, a, &how, e) < 0) return -1;
	if (a->template && use_template(h->m, a, &how, e) < 0) return -1;
	if (a->dry_run) return show(&en, &how, a->start, e);
	if (op_create(&en, &how, &startable, e) < 0) return -1;
	out_note("%s is made", how.name);
	return a->start ? start_new(&en, how.name, startable, e) : 0;
}

/* What was asked for, as one would type it; only what is secret has to be typed again. */
static void note_command(struct host *h, const struct create_args *a, const struct answers *said)
{
	struct create_args shown = *a;
	struct words w = { .m = h->m };

	words_add(&w, run_find(h->m, "jlmkr", NULL) ? "jlmkr" : h->self);
	words_add(&w, "create");
	if (h->dir_option) words_addf(&w, "--dir=%s", h->dir_option);
	if (a->image) shown.image = word_shown(h->m, a->image);
	shown.servers = (struct words){ .m = h->m };
	for (size_t i = 0; i < a->servers.n; i++)
		words_add(&shown.servers, word_shown(h->m, a->servers.v[i]));
	opts_words(&create_applet, &shown, &w);
	if (said->template_text) {
		words_addf(&w, "--config=%s/" LAYOUT_CONFIG, layout_jail(h->m, h->dir, said->name));
		words_add(&w, "ANOTHER-NAME");
	} else {
		words_add(&w, said->name);
		if (said->nspawn_args) words_add_all(&w, said->nspawn_args);
	}
	out_note("The same without questions:");
	out_note("  %s", words_quoted(h->m, words_list(&w)));
	out_note("%s", "");
}

/* What is wrong with the options is better told before the questions than after. */
static int check_before(struct arena *m, struct create_args *a, struct err *e)
{
	struct create_how how = { 0 };
	struct conf_options o;
	uint64_t size;
	struct conf c;

	if (read_size(a, &size, e) < 0) return -1;
	if (!a->config) return 0;
	if (read_template(m, a, &how, e) < 0) return -1;
	a->config_text = how.template_text;	/* a pipe has it only once */
	return conf_usable(m, how.template_text, &c, &o, e) < 0 ? fail_in(e, "%s", a->config) : 0;
}

static int ask_and_make(struct host *h, const struct create_args *args, struct err *e)
{
	struct create_args a = *args;
	struct answers said;

	if ((a.config && str_eq(a.config, "-")) || (a.image && str_eq(a.image, "-")))
		return fail(e, ERR_USAGE, "standard input cannot be a file and answer questions: name "
		            "the jail");
	if (check_before(h->m, &a, e) < 0 || questions_ask(h, &a, &said, e) < 0) return -1;
	/* A pasted template is found in the config of the jail, when there is one. */
	if (!a.dry_run || !said.template_text) note_command(h, &a, &said);
	return make(h, &a, &said, e);
}

static int create_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct create_args *a = args;
	const struct answers said = { .name = operands[0], .nspawn_args = (char **)operands + 1 };

	if (a->template && str_eq(a->template, "list")) return list_templates(h->m, e);
	if (applet_need(h, "create ...", NEEDS_ROOT | NEEDS_DIR | NEEDS_OWN_DIR, e) < 0) return -1;
	if (check_image(a, e) < 0 || check_template(h->m, a, e) < 0) return -1;
	if (a->servers.n) h->image_server = words_join(h->m, a->servers.v, " ");
	if (a->cacert) h->cacert = a->cacert;
	return *operands ? make(h, a, &said, e) : ask_and_make(h, a, e);
}

const struct applet create_applet = {
	.name = "create",
	.brief = "make a jail",
	.operands = "[NAME [NSPAWN-ARGUMENT]...]",
	.text = "The options override the keys of the config. Everything after the name of the\n"
		"jail goes to systemd-nspawn whenever the jail starts, and replaces the config's\n"
		"systemd_nspawn_user_args: 'jlmkr create web --bind=/mnt/tank/www'. Without a\n"
		"name, jlmkr asks for what the options do not say.\n"
		"\n"
		"A template (--template) is a config for one purpose that comes with jlmkr; --set\n"
		"gives the words that it needs. 'jlmkr help template-docker' explains it.\n"
		"\n"
		"If several servers are given (--server more than once) and one fails, the next\n"
		"is tried. An interrupted download continues where it stopped; one of --image URL\n"
		"does so if --sha256 is given.\n",
	.opts = create_opts,
	.args_size = sizeof(struct create_args),
	.max = -1,
	.rest = true,
	.needs = NEEDS_SERVER,
	.run = create_run,
};
