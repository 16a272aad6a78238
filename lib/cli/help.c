/* Help is printed from the tables that the parser reads, so it is always up to date. */

#include "lib/cli/applet.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/host.h"
#include "lib/base/nearest.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/jail/template.h"

enum { HELP_COLUMN = 30, HELP_WIDTH = 79, WORDS_COLUMN = 12 };

static void print_opt(const struct opt *o)
{
	char left[96];
	size_t n = 0;

	if (o->letter) n += (size_t)snprintf(left, sizeof left, "-%c, ", o->letter);
	else if (o->old) n += (size_t)snprintf(left, sizeof left, "-%s, ", o->old);
	else n += (size_t)snprintf(left, sizeof left, "    ");
	n += (size_t)snprintf(left + n, sizeof left - n, "--%s", o->name);
	if (o->arg) snprintf(left + n, sizeof left - n, "=%s", o->arg);
	if (strlen(left) + 4 > HELP_COLUMN) printf("  %s\n%*s", left, HELP_COLUMN, "");
	else printf("  %-*s", HELP_COLUMN - 2, left);
	puts(o->help);
}

static void print_opts(const struct opt *o)
{
	for (; o && o->kind != OPT_KIND_END; o++)
		print_opt(o);
}

void help_print_applet(const struct applet *a)
{
	AUTOFREE struct arena m = { 0 };

	printf("Usage: jlmkr %s [OPTION]...%s%s\n%c%s.\n", a->name, *a->operands ? " " : "",
	       a->operands, a->brief[0] - 'a' + 'A', a->brief + 1);
	if (a->text) printf("\n%s", a->text);
	puts("\nOptions:");
	print_opts(a->opts);
	print_opts(common_opts);
	if (a->more) a->more(&m);
}

void help_print_all(void)
{
	puts("Usage: jlmkr [--dir DIR] COMMAND [ARGUMENT]...\n"
	     "   or: jlmkr-COMMAND [ARGUMENT]...\n"
	     "Persistent Linux jails with systemd-nspawn.\n\nCommands:");
	for (const struct applet *const *a = applets; *a; a++)
		printf("  %-12s%s\n", (*a)->name, (*a)->brief);
	puts("\nOptions:");
	print_opts(common_opts);
	puts("      --install DIR           copy jlmkr to DIR, with a link for each command\n"
	     "      --list                  print the names of all commands\n"
	     "\n'jlmkr COMMAND --help' tells more about a command.");
}

/* Prints the words of a text in lines of HELP_WIDTH. The cursor is in `column`, and the lines
 * after the first are indented to it. */
static void print_wrapped(const char *text, size_t n, size_t column)
{
	size_t at = column;

	for (size_t i = 0, k; i < n; i += k) {
		i += strspn(text + i, " \n");
		k = strcspn(text + i, " \n");
		if (i + k > n) break;
		if (at > column && at + 1 + k > HELP_WIDTH) {
			printf("\n%*s", (int)column, "");
			at = column;
		}
		printf("%s%.*s", at > column ? " " : "", (int)k, text + i);
		at += k + (at > column);
	}
	putchar('\n');
}

/* Fills paragraphs; prints indented lines as they are. */
static void print_paragraphs(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		bool fill = n && *text != ' ';

		while (fill && text[n] && text[n + 1] && !strchr(" \n", text[n + 1]))
			n += 1 + strcspn(text + n + 1, "\n");
		if (fill) print_wrapped(text, n, 0);
		else printf("%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void print_template(struct arena *m, const struct template *t)
{
	print_paragraphs(template_help(m, t));
	printf("\n    jlmkr create --template %s", t->name);
	for (const struct template_word *w = template_words(m, t); w->name; w++)
		if (!w->preset && !w->alternative) printf(" --set %s=...", w->name);
	puts(" NAME\n\nIts words:");
	for (const struct template_word *w = template_words(m, t); w->name; w++) {
		const char *about = w->about;

		if (w->preset && *w->preset)
			about = arena_printf(m, "%s [%s]", about, w->preset);
		else if (w->preset)
			about = arena_printf(m, "%s (may be left out)", about);
		if (strlen(w->name) + 2 < WORDS_COLUMN) printf("  %-10s", w->name);
		else printf("  %s\n%*s", w->name, WORDS_COLUMN, "");
		print_wrapped(about, strlen(about), WORDS_COLUMN);
	}
	puts("\n'jlmkr create --dry-run --template ...' shows the config that it makes.");
}

/* `jlmkr help template-docker`, or just `jlmkr help docker` */
static int help_template(struct arena *m, const char *name, struct err *e)
{
	const struct template *t = template_find(name, e);

	if (!t) return -1;
	print_template(m, t);
	return out_flush(e);
}

static int help_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	static const char template[] = "template-";
	const struct applet *a;

	(void)args;
	if (!*operands) {
		help_print_all();
		return out_flush(e);
	}
	if (str_starts(*operands, template))
		return help_template(h->m, *operands + sizeof template - 1, e);
	if (!applet_find(*operands) && template_find(*operands, NULL))
		return help_template(h->m, *operands, e);
	if (!(a = applet_find(*operands))) return applet_unknown(*operands, e);
	help_print_applet(a);
	return out_flush(e);
}

const struct applet help_applet = {
	.name = "help",
	.brief = "show this help, or that of a command or a template",
	.operands = "[COMMAND | template-NAME]",
	.max = 1,
	.run = help_run,
};
