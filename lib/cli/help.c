/* Help is printed from the tables that the parser reads, so it is always up to date. */

#include "lib/cli/applet.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/host.h"
#include "lib/base/nearest.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/cli/manual.h"
#include "lib/cli/synonyms.h"
#include "lib/text/markup.h"
#include "lib/text/packed.h"

enum { HELP_COLUMN = 30 };

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

struct help_args {
	const char *search;
	bool markup;
};

#define OPT_INTO help_args
static const struct opt help_opts[] = {
	OPT_TEXT('k', "search", search, "WORD", "print the pages in which WORD stands"),
	OPT_FLAG(0, "markup", markup, "print a page in the markup of scdoc(5)"),
	OPT_END
};

static void print_topics(struct arena *m)
{
	puts("\nTopics:");
	for (const struct packed_file *p = manual_topics(m); p->name; p++)
		printf("  %-16s%s\n", p->name, markup_brief(m, p->text));
	puts("\n'jlmkr help TOPIC' shows one, 'jlmkr help -k WORD' finds a word in all of "
	     "them.");
}

static int fail_unknown_topic(struct arena *m, const char *name, struct err *e)
{
	struct nearest near = { .word = name };

	if (synonym_find(name)) return applet_unknown(name, e);
	for (const struct applet *const *a = applets; *a; a++)
		nearest_offer(&near, (*a)->name);
	for (const struct packed_file *p = manual_topics(m); p->name; p++)
		nearest_offer(&near, p->name);
	if (near.best)
		return fail(e, ERR_USAGE, "no topic '%s'; did you mean '%s'?", name, near.best);
	return fail(e, ERR_USAGE, "no topic '%s'; 'jlmkr help' lists them, 'jlmkr help -k %s' "
	            "looks for the word", name, name);
}

static int search_pages(struct arena *m, const char *word, struct err *e)
{
	if (!manual_search(m, word))
		return fail(e, ERR_MISSING, "no page of the manual has the word '%s'", word);
	return out_flush(e);
}

/* A command as its --help, a topic by the pager. */
static int show_topic(struct arena *m, const char *name, bool markup, struct err *e)
{
	const struct applet *a = applet_find(name);
	const char *page;

	if (a && !markup) {
		help_print_applet(a);
		return out_flush(e);
	}
	if (!(page = manual_page(m, name))) return fail_unknown_topic(m, name, e);
	if (!markup) return manual_show(m, page, e);
	fputs(page, stdout);
	return out_flush(e);
}

static int help_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct help_args *a = args;
	const char *name = *operands;

	if (a->search) return search_pages(h->m, a->search, e);
	if (!name) {
		help_print_all();
		print_topics(h->m);
		return out_flush(e);
	}
	if (str_starts(name, "jlmkr-")) name += strlen("jlmkr-");
	if (str_starts(name, "template-")) name += strlen("template-");
	return show_topic(h->m, name, a->markup, e);
}

const struct applet help_applet = {
	.name = "help",
	.brief = "show this help, that of a command, or a page of the manual",
	.operands = "[COMMAND | TOPIC]",
	.text = "On a terminal, a topic is shown by $PAGER, or else by less.\n",
	.opts = help_opts,
	.args_size = sizeof(struct help_args),
	.max = 1,
	.run = help_run,
};
