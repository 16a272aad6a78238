/* One function for each question, in the order in which they are asked. */

#include "applets/create_wizard.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "applets/create.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/cli/applet.h"
#include "lib/cli/ask.h"
#include "lib/cli/paste.h"
#include "lib/gpu/detect.h"
#include "lib/image/index.h"
#include "lib/image/pick.h"
#include "lib/jail/conf.h"
#include "lib/jail/layout.h"
#include "lib/jail/template.h"
#include "lib/nspawn/bridges.h"
#include "lib/nspawn/missing.h"
#include "lib/nspawn/options.h"
#include "lib/ops/create.h"
#include "lib/provision/install_image.h"
#include "lib/text/split.h"

static const char manual[] =
	"https://www.freedesktop.org/software/systemd/man/latest/systemd-nspawn.html";

struct flow {
	struct host *h;
	struct arena *m;
	struct ask ask;
	struct create_args *a;
	struct answers *out;
	struct conf usual;	/* the default config, or the template */
	const char *text;	/* of the template */
	const char *template_name;
	char **flags;		/* that were answered */
	bool templated;
};

static void put_plain_text(const struct flow *f, const char *text)
{
	dprintf(f->ask.out, "%s", text);
}

/* Sets `*option` to "0" or "1" only if the answer differs from the default config. */
static int ask_switch(const struct flow *f, const char *question,
                      const struct conf_switch *usual, const char **option, struct err *e)
{
	int yes;

	if (*option) return 0;
	if ((yes = ask_yes(&f->ask, question, usual->on, e)) < 0) return -1;
	if (yes != usual->on) *option = yes ? "1" : "0";
	return 0;
}

/* -- from a template? -- */

static bool is_own(const char *answer)
{
	return !strcasecmp(answer, "own");
}

static bool is_yes(const char *answer)
{
	return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

static bool is_none(const char *answer)
{
	return !*answer || !strcasecmp(answer, "no") || !strcasecmp(answer, "n");
}

static int check_template_answer(void *arg, const char *answer, struct err *e)
{
	(void)arg;
	if (is_yes(answer))
		return fail(e, ERR_INPUT, "Which one? A name of the list, or 'own'.");
	return is_none(answer) || is_own(answer) || template_find(answer, e) ? 0 : -1;
}

/* What a start would refuse is asked again; if it is a bridge, those that there are help. */
static int check_missing(struct arena *m, const struct split *words, struct err *e)
{
	struct faults found = { .m = m };
	struct nspawn_options o;
	const char *bridges;

	nspawn_options_parse(&o, m, words);
	nspawn_missing(&o, &found);
	if (!found.n) return 0;
	if (!str_starts(found.v[0].text, "--network-bridge"))
		return fail(e, ERR_MISSING, "%s", found.v[0].text);
	bridges = nspawn_bridges(m);
	return fail(e, ERR_MISSING, "%s; %s%s", found.v[0].text,
	            *bridges ? "the bridges of this machine: " : "this machine has no bridge",
	            bridges);
}

struct word_check {
	struct arena *m;
	const struct template_word *word;
	bool may_be_none;
};

static int check_word_answer(void *arg, const char *answer, struct err *e)
{
	const struct word_check *c = arg;
	bool bridge = str_eq(c->word->name, "bridge");
	struct split words;
	unsigned line = 0;
	char *option;

	if (c->may_be_none && is_none(answer)) return 0;
	if (template_check_value(c->word, answer, e) < 0) return -1;
	if (!str_eq(c->word->kind, "interface")) return 0;
	option = arena_printf(c->m, "--network-%s=%s", bridge ? "bridge" : "macvlan", answer);
	words = (struct split){ .v = (char *[]){ option, NULL }, .lines = &line, .n = 1 };
	return check_missing(c->m, &words, e);
}

/* A word that may be left out, or that has an alternative behind it, may be answered by no. */
static int ask_word(struct flow *f, const struct template_word *w, bool *given, struct err *e)
{
	bool may_be_none = w[1].alternative || (w->preset && !*w->preset);
	struct word_check check = { f->m, w, may_be_none };
	const char *question = arena_printf(f->m, "%c%s:", toupper((unsigned char)*w->about),
	                                    w->about + 1), *answer;

	answer = ask_text(&f->ask, question, may_be_none ? "no" : w->preset,
	                  check_word_answer, &check, e);
	if (!answer) return -1;
	*given = !may_be_none || !is_none(answer);
	if (*given) words_addf(&f->a->sets, "%s=%s", w->name, answer);
	return 0;
}

/* Ask for the words of the template that --set did not set. */
static int ask_words(struct flow *f, struct err *e)
{
	const struct template *t = template_find(f->a->template, e);
	struct template_word *w = t ? template_words(f->m, t) : NULL;

	bool given = false;

	f->a->sets.m = f->m;
	for (; w && w->name; w++) {
		if (!w->alternative) given = template_is_given(w, words_list(&f->a->sets));
		if (given) continue;
		if (ask_word(f, w, &given, e) < 0) return -1;
	}
	f->templated = true;
	return t ? 0 : -1;
}

static void tell_templates(const struct flow *f)
{
	const struct template *t;

	put_plain_text(f, "Built-in templates, each for one purpose:\n");
	for (size_t i = 0; (t = template_at(i)); i++)
		ask_tell(&f->ask, "  %-8s%s", t->name, template_brief(f->m, t));
	put_plain_text(f, "To paste a template of your own into an editor, answer 'own'.\n");
}

/* From here on the template is what nobody has touched. */
static int read_template(struct flow *f, struct err *e)
{
	const struct create_args *a = f->a;
	const struct template *t;

	if (!f->templated) return 0;
	f->template_name = a->template ? a->template : a->config ? a->config : "the pasted one";
	f->text = f->out->template_text ? f->out->template_text : a->config_text;
	if (!f->text && (t = template_find(a->template, e)))
		f->text = template_fill(f->m, t, words_list(&a->sets), e);
	return f->text ? conf_parse(f->m, f->text, &f->usual, e) : -1;
}

static int ask_template(struct flow *f, struct err *e)
{
	const char *answer;

	f->templated = f->a->config;
	if (f->templated) return 0;
	if (f->a->template) return ask_words(f, e);
	tell_templates(f);
	answer = ask_text(&f->ask, "Begin with a template?", "no", check_template_answer, NULL,
	                  e);
	if (!answer || is_none(answer)) return answer ? 0 : -1;
	if (!is_own(answer)) {
		f->a->template = answer;
		return ask_words(f, e);
	}
	if (paste_template(&f->ask, &f->out->template_text, e) < 0) return -1;
	f->templated = f->out->template_text;
	return 0;
}

/* -- which image? -- */

static bool is_offered(const struct flow *f, const struct image *img)
{
	const char *arch = f->a->arch ? f->a->arch : image_arch();

	if (!str_eq(img->arch, arch) || !image_is_recommended(img->distro)) return false;
	if (f->a->variant) return str_eq(img->variant, f->a->variant);
	return str_eq(img->variant, "default") || str_eq(img->variant, "systemd");
}

/* The index is sorted, so equal names follow each other. */
static size_t list_distros(const struct flow *f, const struct image_index *x,
                           struct choice *out)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++) {
		const char *distro = x->images[i].distro;

		if (is_offered(f, &x->images[i]) && !(n && str_eq(out[n - 1].name, distro)))
			out[n++] = (struct choice){ .name = distro };
	}
	return n;
}

static bool is_default_release(const struct flow *f, const struct image *img)
{
	if (str_eq(img->distro, f->usual.distro.text))
		return str_eq(img->release, f->usual.release.text);
	for (char *const *alias = img->aliases; *alias; alias++)
		if (str_eq(*alias, img->distro)) return true;
	return false;
}

static size_t list_releases(const struct flow *f, const struct image_index *x,
                            const char *distro, struct choice *out, int *preset)
{
	size_t n = 0;

	*preset = -1;
	for (size_t i = 0; i < x->n; i++) {
		const struct image *img = &x->images[i];

		if (!is_offered(f, img) || !str_eq(img->distro, distro)) continue;
		if (n && str_eq(out[n - 1].name, img->release)) continue;
		if (*preset < 0 && is_default_release(f, img)) *preset = (int)n;
		out[n++] = (struct choice){ img->release, image_release_alias(f->m, img) };
	}
	if (n == 1) *preset = 0;
	return n;
}

static int find_preset(const struct choice *c, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(c[i].name, name)) return (int)i;
	return -1;
}

static int choose_image(struct flow *f, struct err *e)
{
	struct image_index x;
	struct choice *choices;
	int chosen, preset;
	size_t n;

	if (!f->a->offline) out_step("Asking for the list of images");
	if (install_index(f->h, f->m, f->a->offline, &x, e) < 0) return -1;
	choices = arena_array(f->m, x.n, sizeof *choices);
	if (!(n = list_distros(f, &x, choices)))
		return fail(e, ERR_MISSING, "there is no image for %s", image_arch());
	preset = find_preset(choices, n, f->usual.distro.text);
	chosen = ask_choice(&f->ask, "Distribution:", choices, n, preset, e);
	if (chosen < 0) return -1;
	f->a->distro = choices[chosen].name;
	n = list_releases(f, &x, f->a->distro, choices, &preset);
	chosen = ask_choice(&f->ask, "Release:", choices, n, preset, e);
	if (chosen < 0) return -1;
	f->a->release = choices[chosen].name;
	return 0;
}

static int ask_image(struct flow *f, struct err *e)
{
	const struct create_args *a = f->a;
	int yes;

	if (f->templated || a->distro || a->release || a->image) return 0;
	yes = ask_yes(&f->ask, arena_printf(f->m, "Install the recommended image, %s %s?",
	                                    f->usual.distro.text, f->usual.release.text), true,
	              e);
	if (yes < 0) return -1;
	return yes ? 0 : choose_image(f, e);
}

/* -- its name -- */

static int check_name_answer(void *arg, const char *answer, struct err *e)
{
	const struct flow *f = arg;

	return op_create_check(f->h, answer, e);
}

static int ask_name(struct flow *f, struct err *e)
{
	f->out->name = ask_text(&f->ask, "Name of the jail:", NULL, check_name_answer, f, e);
	return f->out->name ? 0 : -1;
}

/* -- GPUs -- */

static int ask_gpus(struct flow *f, struct err *e)
{
	if (f->templated) return 0;
	if (gpu_has_dri("") &&
	    ask_switch(f, "Pass the Intel or AMD GPU through to it?", &f->usual.gpu_intel,
	               &f->a->gpu_intel, e) < 0)
		return -1;
	if (!gpu_has_nvidia("")) return 0;
	return ask_switch(f, "Pass the NVIDIA GPU through to it?", &f->usual.gpu_nvidia,
	                  &f->a->gpu_nvidia, e);
}

/* -- flags -- */

static int show_manual(struct arena *m, struct err *e)
{
	char *const man[] = { "man", "systemd-nspawn", NULL };

	if (!run_find(m, "man", NULL) || run_wait(man, NULL) != 0)
		return fail(e, ERR_INPUT, "This machine has no manual page: see %s", manual);
	signal_forget();	/* ^C in the pager was meant for the pager */
	return fail(e, ERR_INPUT, "That was the manual page.");
}

static int check_flags_answer(void *arg, const char *answer, struct err *e)
{
	struct flow *f = arg;
	struct split s = { 0 };
	struct nspawn_options o;

	if (str_eq(answer, "?")) return show_manual(f->m, e);
	if (word_split(f->m, answer, 1, SPLIT_PLAIN, &s, NULL) < 0)
		return fail(e, ERR_INPUT, "%s", s.fault.text);
	if (s.n && s.v[0][0] != '-')
		return fail(e, ERR_INPUT, "'%s' is not a flag: flags begin with '-', as "
		            "--bind=/mnt/tank does", s.v[0]);
	nspawn_options_parse(&o, f->m, &s);
	if (o.end)
		return fail(e, ERR_INPUT,
		            "'%s' is not a flag; quote values that contain spaces", o.end);
	for (size_t i = 0; i < s.n; i++)
		if (create_own_option(f->m, s.v[i]))
			return fail(e, ERR_INPUT, "%s is an option of 'jlmkr create', not of "
			            "systemd-nspawn", s.v[i]);
	if (check_missing(f->m, &s, e) < 0) return -1;
	f->out->nspawn_args = s.n ? s.v : NULL;
	return 0;
}

/* Flags that are given replace those of a template: here they are added, and the template with
 * them in it becomes the jail's own. */
static int add_flags(struct flow *f, struct err *e)
{
	struct str value = { .m = f->m };

	if (!f->templated || !f->out->nspawn_args) return 0;
	str_add(&value, f->usual.user_args.text);
	for (char **flag = f->out->nspawn_args; *flag; flag++) {
		if (value.len) str_addc(&value, '\n');
		word_quote(&value, *flag);
	}
	f->out->template_text = conf_set(f->m, f->text, "systemd_nspawn_user_args",
	                                 str_text(&value), e);
	f->out->nspawn_args = NULL;
	f->a->template = f->a->config = f->a->config_text = NULL;
	f->a->sets = (struct words){ .m = f->m };
	return f->out->template_text ? 0 : -1;
}

static const char about_flags[] =
	"Flags for systemd-nspawn give it folders of the host, or a network of its own:\n"
	"  --bind=/mnt/tank/media           a folder, to read and write\n"
	"  --bind-ro=/mnt/tank/music:/music a folder, read-only, at another path\n"
	"  --network-macvlan=eno1           an address of its own on that network\n"
	"Separate several by spaces, and quote them as for a shell. 'jlmkr edit' changes\n"
	"them later. For their manual type ?, or see\n  ";

static int ask_flags(struct flow *f, struct err *e)
{
	if (f->templated)
		put_plain_text(f, "The flags of the template stay; yours are added to them.\n");
	put_plain_text(f, about_flags);
	put_plain_text(f, manual);
	put_plain_text(f, "\n");
	if (!ask_text(&f->ask, "Flags, or Enter for none:", NULL, check_flags_answer, f, e))
		return -1;
	f->flags = f->out->nspawn_args;
	return add_flags(f, e);
}

/* -- when to start it -- */

static int ask_starts(struct flow *f, struct err *e)
{
	int yes;

	if (ask_switch(f, "Start it at boot, when 'jlmkr startup' runs?",
	               &f->usual.startup, &f->a->startup, e) < 0)
		return -1;
	if (f->a->start) return 0;
	if ((yes = ask_yes(&f->ask, "Start it once it is created?", true, e)) < 0) return -1;
	f->a->start = yes;
	return 0;
}

/* -- the summary -- */

static const char *image_text(const struct flow *f)
{
	const struct create_args *a = f->a;
	const char *distro = a->distro ? a->distro : f->usual.distro.text;
	const char *release = a->release ? a->release : f->usual.release.text;

	if (a->image) return word_shown(f->m, a->image);
	if (a->distro && !a->release && !str_eq(distro, f->usual.distro.text))
		return arena_printf(f->m, "%s, its newest release", distro);
	return arena_printf(f->m, "%s %s", distro, release);
}

static bool is_on(const char *option)
{
	return option && str_eq(option, "1");
}

static void summarize(const struct flow *f)
{
	const struct create_args *a = f->a;

	out_note("%s", "");
	out_note("jlmkr creates:");
	out_note("  jail       %s, in %s", f->out->name,
	         layout_jail(f->m, f->h->dir, f->out->name));
	out_note("  system     %s", image_text(f));
	if (f->templated) out_note("  template   %s", f->template_name);
	if (is_on(a->gpu_intel)) out_note("  GPU        Intel, AMD");
	if (is_on(a->gpu_nvidia)) out_note("  GPU        NVIDIA");
	if (f->flags && *f->flags) out_note("  flags      %s", words_quoted(f->m, f->flags));
	out_note("  at boot    %s", (a->startup ? is_on(a->startup) : f->usual.startup.on) ?
	         "started" : "not started");
	out_note("  now        %s", a->start ? "started" : "not started");
}

static int ask_last(const struct flow *f, struct err *e)
{
	int yes;

	if (f->a->dry_run) return 0;
	if ((yes = ask_yes(&f->ask, "Create it?", true, e)) < 0) return -1;
	return yes ? 0 : fail(e, ERR_HOST, "as you answered");
}

/* -- all questions -- */

static const char welcome[] =
	"A few questions about the new jail. Enter accepts the answer in brackets; ^C\n"
	"quits and creates nothing.\n\n";

int questions_ask(struct host *h, struct create_args *a, struct answers *out, struct err *e)
{
	struct flow f = {
		.h = h,
		.m = h->m,
		.ask = { .m = h->m, .in = STDIN_FILENO, .out = STDERR_FILENO },
		.a = a,
		.out = out,
	};

	*out = (struct answers){ 0 };
	if (conf_parse(f.m, conf_default_text(f.m), &f.usual, e) < 0) return -1;
	put_plain_text(&f, welcome);
	if (ask_template(&f, e) < 0 || read_template(&f, e) < 0 || ask_image(&f, e) < 0 ||
	    ask_name(&f, e) < 0 ||
	    ask_gpus(&f, e) < 0 || ask_flags(&f, e) < 0 || ask_starts(&f, e) < 0)
		return fail_in(e, "nothing was created");
	summarize(&f);
	return ask_last(&f, e) < 0 ? fail_in(e, "nothing was created") : 0;
}
