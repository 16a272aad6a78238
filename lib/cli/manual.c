#include "lib/cli/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/cli/applet.h"
#include "lib/jail/conf.h"
#include "lib/jail/template.h"
#include "lib/text/markup.h"
#include "lib/text/packed.h"

/* manual_pages.S */
extern const char manual_pages[], manual_pages_end[];

const struct packed_file *manual_topics(struct arena *m)
{
	return packed_files(m, manual_pages, manual_pages_end);
}

/* -- tables -- */

static void add_option(struct str *out, const struct opt *o)
{
	if (o->letter) str_addf(out, "*-%c*, ", o->letter);
	if (o->old) str_addf(out, "*-%s*, ", o->old);
	str_addf(out, "*--%s*", o->name);
	if (o->arg) {
		str_add(out, "=");
		markup_escape(out, o->arg);
	}
	str_add(out, "\n\t");
	markup_escape(out, o->help);
	str_add(out, "\n\n");
}

static void add_options(struct str *out, const struct applet *a)
{
	for (const struct opt *o = a ? a->opts : NULL; o && o->kind != OPT_KIND_END; o++)
		add_option(out, o);
	for (const struct opt *o = common_opts; o->kind != OPT_KIND_END; o++)
		add_option(out, o);
}

/* A row of a table; the first one begins it. */
static void add_row(struct str *out, const char *name, const char *about)
{
	str_addf(out, "%s *%s*\n%s ", out->len ? "| " : "|[", name, out->len ? ": " : ":<");
	markup_escape(out, about);
	str_addc(out, '\n');
}

static void add_commands(struct str *out)
{
	for (const struct applet *const *a = applets; *a; a++)
		add_row(out, (*a)->name, (*a)->brief);
}

static void add_statuses(struct str *out)
{
	char number[12];

	for (int status = 0; status < 256; status++) {
		const char *meaning = err_exit_meaning(status);

		snprintf(number, sizeof number, "%d", status);
		if (meaning) add_row(out, number, meaning);
	}
}

static void add_literal(struct str *out, const char *text)
{
	str_addf(out, "```\n%s%s```\n\n", text, str_ends(text, "\n") ? "" : "\n");
}

static void add_templates(struct str *out, struct arena *m)
{
	const struct template *t;

	for (size_t i = 0; (t = template_at(i)); i++)
		add_row(out, t->name, template_brief(m, t));
}

static void add_template(struct str *out, struct arena *m, const struct template *t)
{
	for (const struct template_word *w = template_words(m, t); w->name; w++) {
		const char *about = w->about;

		if (w->preset && *w->preset)
			about = arena_printf(m, "%s [%s]", about, w->preset);
		else if (w->preset)
			about = arena_printf(m, "%s (may be left out)", about);
		else if (w->alternative)
			about = arena_printf(m, "instead: %s", about);
		add_row(out, w->name, about);
	}
}

/* NULL for a directive that does not exist. */
static const char *table_of(struct arena *m, const char *directive)
{
	const char *blank = strchr(directive, ' '), *arg = blank ? blank + 1 : NULL;
	const char *what = arena_strndup(m, directive, strcspn(directive, " "));
	const struct applet *a = arg ? applet_find(arg) : NULL;
	const struct template *t = arg ? template_find(arg, NULL) : NULL;
	struct str out = { .m = m };

	if (str_eq(what, "commands")) add_commands(&out);
	else if (str_eq(what, "options") && (a || !arg)) add_options(&out, a);
	else if (str_eq(what, "statuses")) add_statuses(&out);
	else if (str_eq(what, "keys")) add_literal(&out, conf_help(m));
	else if (str_eq(what, "templates")) add_templates(&out, m);
	else if (str_eq(what, "template") && t) add_template(&out, m, t);
	if (out.len) str_addc(&out, '\n');
	return out.s;
}

/* -- pages -- */

static const char *expand(struct arena *m, const char *text)
{
	struct str out = { .m = m };

	for (size_t n; *text; text += n) {
		const char *table = NULL;

		n = strcspn(text, "\n");
		if (*text == '@') table = table_of(m, arena_strndup(m, text + 1, n - 1));
		n += text[n] == '\n';
		if (table) str_add(&out, table);
		else str_addn(&out, text, n);
	}
	return str_text(&out);
}

const char *manual_whole(struct arena *m, const struct packed_file *page)
{
	return expand(m, page->text);
}

/* The text of a command's help: indented lines stand as they are. */
static void add_paragraphs(struct str *out, const char *text)
{
	bool literal = false;

	for (size_t n; *text; text += n) {
		bool indented = *text == ' ';

		n = strcspn(text, "\n");
		n += text[n] == '\n';
		if (indented != literal) str_add(out, literal ? "```\n\n" : "\n```\n");
		literal = indented;
		if (literal) str_addn(out, text, n);
		else markup_escape(out, arena_strndup(out->m, text, n));
	}
	if (literal) str_add(out, "```\n");
	str_addc(out, '\n');
}

static const char *command_page(struct arena *m, const struct applet *a)
{
	struct str out = { .m = m };

	str_addf(&out, "jlmkr-%s(1)\n\n# NAME\n\njlmkr-%s - %s\n\n# SYNOPSIS\n\n*jlmkr %s* "
	         "\\[OPTION\\]... ", a->name, a->name, a->brief, a->name);
	markup_escape(&out, a->operands);
	str_add(&out, "\n\n# DESCRIPTION\n\n");
	if (a->text) add_paragraphs(&out, a->text);
	else str_addf(&out, "%c%s.\n\n", a->brief[0] - 'a' + 'A', a->brief + 1);
	str_addf(&out, "# OPTIONS\n\n@options %s\n", a->name);
	str_add(&out, "# EXIT STATUS\n\n@statuses\n"
	        "# SEE ALSO\n\n*jlmkr*(1), *jlmkr.conf*(5)\n");
	return expand(m, out.s);
}

const char *manual_page(struct arena *m, const char *name)
{
	const struct applet *a = applet_find(name);
	const char *topic = a ? NULL : packed_text(m, manual_pages, manual_pages_end, name);

	if (a) return command_page(m, a);
	return topic ? expand(m, topic) : NULL;
}
