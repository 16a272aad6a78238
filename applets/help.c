/* Help is printed from the tables that the parser reads, so it cannot lag. */

#include "applets/applet.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/nearest.h"
#include "lib/base/out.h"

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
	printf("Usage: jlmkr %s [OPTION]...%s%s\n%c%s.\n", a->name, *a->operands ? " " : "",
	       a->operands, a->brief[0] - 'a' + 'A', a->brief + 1);
	if (a->text) printf("\n%s", a->text);
	puts("\nOptions:");
	print_opts(a->opts);
	print_opts(common_opts);
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
	puts("      --install DIR           make the links jlmkr-COMMAND in DIR, beside a copy of jlmkr\n"
	     "      --list                  print the names of all commands\n"
	     "\n'jlmkr COMMAND --help' tells more about a command.");
}

static int help_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct applet *a;

	(void)h;
	(void)args;
	if (!*operands) {
		help_print_all();
		return out_flush(e);
	}
	if (!(a = applet_find(*operands))) return applet_unknown(*operands, e);
	help_print_applet(a);
	return out_flush(e);
}

const struct applet help_applet = {
	.name = "help",
	.brief = "show this help, or that of a command",
	.operands = "[COMMAND]",
	.max = 1,
	.run = help_run,
};
