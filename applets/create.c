/* Creates a jail, from options or from the answers to questions. */

#include "applets/create.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/create_found.h"
#include "applets/create_wizard.h"
#include "lib/base/auto.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/cli/applet.h"
#include "lib/engine/engine.h"
#include "lib/image/index.h"
#include "lib/image/pick.h"
#include "lib/jail/conf.h"
#include "lib/jail/conf_options.h"
#include "lib/jail/layout.h"
#include "lib/jail/template.h"
#include "lib/nspawn/options.h"
#include "lib/ops/create.h"
#include "lib/ops/start.h"
#include "lib/text/bool.h"
#include "lib/text/oci.h"
#include "lib/text/split.h"

extern const struct applet create_applet;

/* Shown in the help, and completed; a test compares it with the built-in templates. */
#define TEMPLATES "list|docker|podman|k3s|incus|lxd|nixos|router"

#define OPT_INTO create_args
static const struct opt create_opts[] = {
	OPT_TEXT(0, "distro", distro, "DISTRO", "the distribution (debian)"),
	OPT_TEXT(0, "release", release, "RELEASE", "its release (bookworm, or the newest)"),
	OPT_TEXT(0, "variant", variant, "NAME", "the variant of its image (default)"),
	OPT_TEXT(0, "build", build, "SERIAL", "install this build instead of the newest"),
	OPT_TEXT(0, "arch", arch, "NAME", "the architecture (this machine's)"),
	OPT_TEXT(0, "image", image, "FILE|URL|-|docker://",
	         "install this archive, or image of a registry"),
	OPT_TEXT(0, "sha256", sha256, "HEX", "the expected SHA-256 of --image"),
	OPT_TEXT(0, "metadata", metadata, "FILE|URL",
	         "the other file of an --image that is in two files"),
	OPT_TEXT(0, "cloud-init", cloud_init, "FILE|URL",
	         "user-data for cloud-init, if the image has it"),
	OPT_LIST(0, "ssh-key", ssh_keys, "FILE",
	         "public SSH keys that cloud-init lets in"),
	OPT_LIST(0, "server", servers, "URL",
	         "use this server, not images.linuxcontainers.org"),
	OPT_TEXT(0, "cacert", cacert, "FILE",
	         "trust these authorities instead of the system's"),
	OPT_FLAG(0, "require-signature", require_signature,
	         "refuse a list of images that is not signed"),
	OPT_TEXT(0, "max-size", max_size, "SIZE", "the largest size it may unpack to (64G)"),
	OPT_NUMBER(0, "max-files", max_files, "N", "the most files it may unpack to (5000000)"),
	OPT_SWITCH(NULL, "allow-devices", allow_devices,
	           "create the harmless device files in it (1)"),
	OPT_FLAG(0, "offline", offline, "take the image from the cache; ask no server"),
	OPT_FLAG(0, "no-clone", no_clone, "unpack the image again instead of cloning it"),
	OPT_FLAG(0, "dry-run", dry_run, "show what would be created, without creating it"),
	OPT_FLAG(0, "start", start, "start the jail when it is complete"),
	OPT_TEXT(0, "hostname", hostname, "NAME", "its host name, if not the name of the jail"),
	OPT_SWITCH(NULL, "startup", startup, "start it when 'startup' runs (0)"),
	OPT_SWITCH(NULL, "seccomp", seccomp, "filter its system calls (1)"),
	OPT_TEXT('c', "config", config, "FILE",
	         "start from this config, file or pipe (- is stdin)"),
	OPT_TEXT(0, "template", template, TEMPLATES,
	         "start from this template; list names them"),
	OPT_LIST(0, "set", sets, "NAME=VALUE",
	         "set a word that the template needs: bridge=br1"),
	OPT_SWITCH("gi", "gpu_passthrough_intel", gpu_intel,
	           "pass Intel and AMD GPUs through (0)"),
	OPT_SWITCH("gn", "gpu_passthrough_nvidia", gpu_nvidia,
	           "pass NVIDIA GPUs through (0)"),
	OPT_END
};

static int read_template(struct arena *m, const struct create_args *a, struct create_how *how,
                         struct err *e)
{
	how->template_name = str_eq(a->config, "-") ? "standard input" : a->config;
	how->template_text = a->config_text ? a->config_text : conf_read_named(m, a->config, e);
	return how->template_text ? 0 : fail_in(e, "--config");
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
		return fail(e, ERR_USAGE, "--template and --config cannot be combined");
	if (a->sets.n && !a->template) return fail(e, ERR_USAGE, "--set requires --template");
	if (!a->template) return 0;
	if (!(t = template_find(a->template, e))) return -1;
	return template_check_sets(m, t, sets_of(a), e);
}

static int check_reference(const struct create_args *a, struct err *e)
{
	if (!a->sha256 && !a->metadata) return 0;
	return fail(e, ERR_USAGE, "%s is for archives; the SHA-256 of an image of a registry "
	            "may stand behind its name: docker://NAME@sha256:...",
	            a->sha256 ? "--sha256" : "--metadata");
}

static int check_image(const struct create_args *a, struct err *e)
{
	const bool layers = a->image && oci_is_reference(a->image);

	if (a->sha256 && !a->image) return fail(e, ERR_USAGE, "--sha256 requires --image");
	if (a->metadata && !a->image) return fail(e, ERR_USAGE, "--metadata requires --image");
	if (layers && check_reference(a, e) < 0) return -1;
	if (a->image && ((a->offline && !layers) || a->build || a->variant || a->arch))
		return fail(e, ERR_USAGE, "--image cannot be combined with --offline, --build, "
		            "--variant or --arch");
	if (a->require_signature && (a->image || a->offline))
		return fail(e, ERR_USAGE, "--require-signature cannot be combined with --image "
		            "or --offline: these fetch no list of images");
	if (a->image && a->config && str_eq(a->image, "-") && str_eq(a->config, "-"))
		return fail(e, ERR_USAGE,
		            "--config and --image cannot both read standard input");
	return 0;
}

const struct opt *create_own_option(struct arena *m, const char *word)
{
	const struct opt *o = opts_find(&create_applet, word);
	const char *value = strchr(word, '=');
	unsigned line = 0;
	char *one[] = { (char *)word, NULL };
	const struct split words = { .v = one, .lines = &line, .n = 1 };
	struct nspawn_options parsed;

	if (!o) return NULL;
	/* systemd-nspawn has these two, but --image= excludes the --directory= of a jail. */
	if (str_eq(o->name, "image")) return o;
	if (str_eq(o->name, "template") && value && template_find(value + 1, NULL)) return o;
	nspawn_options_parse(&parsed, m, &words);
	return parsed.faults.n ? o : NULL;
}

/* Adds the words of a command line, up to the name. Secrets in URLs are replaced. */
static void add_create_command(struct host *h, const struct create_args *a, struct words *w)
{
	struct create_args shown = *a;

	words_add(w, run_find(h->m, "jlmkr", NULL) ? "jlmkr" : h->self);
	words_add(w, "create");
	if (h->dir_option) words_addf(w, "--dir=%s", h->dir_option);
	if (a->image) shown.image = word_shown(h->m, a->image);
	if (a->metadata) shown.metadata = word_shown(h->m, a->metadata);
	if (a->cloud_init) shown.cloud_init = word_shown(h->m, a->cloud_init);
	shown.servers = (struct words){ .m = h->m };
	for (size_t i = 0; i < a->servers.n; i++)
		words_add(&shown.servers, word_shown(h->m, a->servers.v[i]));
	opts_words(&create_applet, &shown, w);
}

/* "create web --start": options of create must be before the name. */
static int fail_late_option(struct host *h, const struct create_args *a,
                            const struct answers *said, const char *late, struct err *e)
{
	struct words w = { .m = h->m }, rest = { .m = h->m };

	add_create_command(h, a, &w);
	for (char **arg = said->nspawn_args; *arg; arg++) {
		const struct opt *o = create_own_option(h->m, *arg);

		words_add(o ? &w : &rest, o ? word_shown(h->m, *arg) : *arg);
		if (o && o->arg && !strchr(*arg, '=') && arg[1])
			words_add(&w, word_shown(h->m, *++arg));
	}
	words_add(&w, said->name);
	words_add_all(&w, words_list(&rest));
	return fail(e, ERR_USAGE, "%s after the name would go to systemd-nspawn, which cannot "
	            "use it; did you mean '%s'?", late, words_quoted(h->m, words_list(&w)));
}

/* The config keeps these words, so a mistake is refused before anything is created. */
static int check_nspawn_args(struct host *h, const struct create_args *a,
                             const struct answers *said, struct err *e)
{
	char **arg = said->nspawn_args;
	const char *late;

	if (!said->name || !*arg) return 0;
	if (**arg != '-')
		return fail(e, ERR_USAGE,
		            "'%s' is not an option of systemd-nspawn, and the name of a jail "
		            "cannot contain blanks", word_shown(h->m, *arg));
	for (; *arg && !str_eq(*arg, "--"); arg++) {
		if (!create_own_option(h->m, *arg)) continue;
		late = arena_strndup(h->m, *arg, strcspn(*arg, "="));
		return fail_late_option(h, a, said, late, e);
	}
	return 0;
}

static int start_new(struct engine *en, const char *name, bool startable, struct err *e)
{
	if (!startable)
		return fail(e, ERR_HOST, "%s was not started: its init is not systemd", name);
	if (op_start_named(en, name, e) < 0) return -1;
	out_note("%s runs", name);
	out_done("'jlmkr shell %s' opens a shell in it", name);
	return 0;
}

/* Everything but the config is a comment, so that the output can be used as a template. */
static int show_plan(struct engine *en, const struct create_how *how, bool start, struct err *e)
{
	struct create_plan p;

	if (op_create_plan(en, how, &p, e) < 0) return -1;
	out_line("# jail: %s, the directory %s", how->name, p.path);
	if (p.dataset) out_line("# ZFS dataset: %s", p.dataset);
	if (how->archive && oci_is_reference(how->archive))
		out_line("# image: %s, %s", how->archive, p.found.image->digest);
	else if (how->archive)
		out_line("# image: the archive %s", str_eq(how->archive, "-") ?
		         "on standard input" : word_shown(en->m, how->archive));
	create_show_found(en->m, &p);
	if (!how->archive)
		out_line("# image: %s %s %s %s, build %s%s", p.image.image->distro,
		         p.image.image->release, p.image.image->variant, p.image.image->arch,
		         p.image.build->serial, p.cached ? ", from the cache" : "");
	out_line("# started then: %s", start ? "yes" : "no");
	out_line("# its config:");
	out_text(p.config);
	return out_flush(e);
}

/* The default of --no-clone. The environment overrides the file. */
static int find_no_clone(struct arena *m, bool *no_clone, struct err *e)
{
	const char *value = getenv("JLMKR_NO_CLONE"), *from = "JLMKR_NO_CLONE";

	*no_clone = false;
	if (!value || !*value) {
		from = "no_clone in ~/" LAYOUT_HOME_CONF;
		if (!(value = layout_home_value(m, layout_home(m), "no_clone", e))) return -1;
	}
	if (!*value || bool_read(value, no_clone)) return 0;
	return fail(e, ERR_INPUT, "%s: '%s' is neither 1 nor 0", from, value);
}

static void warn_of_arch(const char *arch)
{
	if (arch && !image_arch_runs(arch))
		out_warn("this machine is %s: it cannot run programs for %s, and not this jail",
		         image_arch(), arch);
}

static int create_jail(struct host *h, const struct create_args *a, const struct answers *said,
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
		/* a kept image was unpacked with other limits */
		.no_clone = a->max_size || a->max_files || no_devices,
		.archive = a->image,
		.sha256 = a->sha256,
		.metadata = a->metadata,
		.cloud_init = a->cloud_init,
		.ssh_keys = a->ssh_keys.v,
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
	bool startable, no_clone = true;

	engine_init(&en, h, h->m);
	if (!a->no_clone && find_no_clone(h->m, &no_clone, e) < 0) return -1;
	how.no_clone |= no_clone;
	if (opts_size("max-size", a->max_size, &how.max_size, e) < 0) return -1;
	if (a->config && read_template(h->m, a, &how, e) < 0) return -1;
	if (a->template && use_template(h->m, a, &how, e) < 0) return -1;
	warn_of_arch(a->arch);
	if (a->dry_run) return show_plan(&en, &how, a->start, e);
	if (op_create(&en, &how, &startable, e) < 0) return -1;
	out_note("%s was created", how.name);
	if (!a->start)
		out_done("'jlmkr start %s' starts it, 'jlmkr edit %s' changes its config",
		         how.name, how.name);
	return a->start ? start_new(&en, how.name, startable, e) : 0;
}

/* Prints the command that creates the same jail without questions. */
static void note_command(struct host *h, const struct create_args *a,
                         const struct answers *said)
{
	struct words w = { .m = h->m };

	add_create_command(h, a, &w);
	if (said->template_text) {
		words_addf(&w, "--config=%s/" LAYOUT_CONFIG,
		           layout_jail(h->m, h->dir, said->name));
		words_add(&w, "ANOTHER-NAME");
	} else {
		words_add(&w, said->name);
		if (said->nspawn_args) words_add_all(&w, said->nspawn_args);
	}
	out_note("The same without questions:");
	out_note("  %s", words_quoted(h->m, words_list(&w)));
	out_note("%s", "");
}

/* Refuses wrong options before the questions. */
static int check_before_asking(struct arena *m, struct create_args *a, struct err *e)
{
	struct create_how how = { 0 };
	struct conf_options o;
	uint64_t size;
	struct conf c;

	if (opts_size("max-size", a->max_size, &size, e) < 0) return -1;
	if (!a->config) return 0;
	if (read_template(m, a, &how, e) < 0) return -1;
	a->config_text = how.template_text;	/* a pipe can be read once */
	if (conf_usable(m, how.template_text, &c, &o, e) == 0) return 0;
	return fail_in(e, "%s", a->config);
}

static int ask_and_create(struct host *h, const struct create_args *args, struct err *e)
{
	struct create_args a = *args;
	struct answers said;

	if ((a.config && str_eq(a.config, "-")) || (a.image && str_eq(a.image, "-")))
		return fail(e, ERR_USAGE, "standard input cannot be a file and answer "
		            "questions: give the name of the jail");
	if (check_before_asking(h->m, &a, e) < 0 || questions_ask(h, &a, &said, e) < 0)
		return -1;
	/* That command names the new jail's config as the template, so the jail must exist. */
	if (!a.dry_run || !said.template_text) note_command(h, &a, &said);
	return create_jail(h, &a, &said, e);
}

static int create_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct create_args *a = args;
	const struct answers said = {
		.name = operands[0],
		.nspawn_args = (char **)operands + 1,
	};

	if (a->template && str_eq(a->template, "list")) return list_templates(h->m, e);
	if (check_nspawn_args(h, a, &said, e) < 0) return -1;
	if (applet_need(h, "create ...", NEEDS_ROOT | NEEDS_DIR | NEEDS_OWN_DIR, e) < 0)
		return -1;
	if (check_image(a, e) < 0 || check_template(h->m, a, e) < 0) return -1;
	if (a->servers.n) h->image_server = words_join(h->m, a->servers.v, " ");
	if (a->cacert) h->cacert = a->cacert;
	h->require_signature |= a->require_signature;
	return *operands ? create_jail(h, a, &said, e) : ask_and_create(h, a, e);
}

const struct applet create_applet = {
	.name = "create",
	.brief = "create a jail",
	.operands = "[NAME [NSPAWN-ARGUMENT]...]",
	.text =
	"The options override the keys of the config. Everything after the name of the\n"
	"jail goes to systemd-nspawn whenever the jail starts, and replaces the config's\n"
	"systemd_nspawn_user_args: 'jlmkr create web --bind=/mnt/tank/www'. Without a\n"
	"name, jlmkr asks for what the options do not say.\n"
	"\n"
	"A jail is on the network of the host unless these arguments give it one of its\n"
	"own, such as --network-bridge=br1.\n"
	"\n"
	"A template (--template) is a config for one purpose that comes with jlmkr; --set\n"
	"gives the words that it needs. 'jlmkr help docker' explains the one for Docker.\n"
	"\n"
	"If several servers are given (--server more than once) and one fails, the next\n"
	"is tried. An interrupted download continues where it stopped; one of --image URL\n"
	"does so if --sha256 is given.\n"
	"\n"
	"--dry-run reads all of an --image, and tells what a jail of it is like.\n"
	"\n"
	"--image=docker://debian takes an image of a registry; an archive may be one of\n"
	"'docker save', too. Without an init in it, the jail runs the image's command.\n"
	"\n"
	"JLMKR_NO_CLONE=1 in the environment, or no_clone=1 in\n"
	"~/.local/share/jailmaker.conf, turns on --no-clone for every create.\n",
	.opts = create_opts,
	.args_size = sizeof(struct create_args),
	.max = -1,
	.rest = true,
	.needs = NEEDS_SERVER,
	.run = create_run,
};
