/* Lines of `complete`, once for `jlmkr COMMAND` and once for `jlmkr-COMMAND`. */

#include "lib/cli/completion.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/cli/applet.h"

static void add_fish_quoted(struct str *out, const char *text)
{
	str_addc(out, '\'');
	for (; *text; text++) {
		if (strchr("'\\", *text)) str_addc(out, '\\');
		str_addc(out, *text);
	}
	str_addc(out, '\'');
}

static void add_fish_choices(struct str *out, enum complete_what what, const char *words)
{
	switch (what) {
	case COMPLETE_FILES:
		str_add(out, " -r -F");
		break;
	case COMPLETE_DIRS:
		str_add(out, " -x -a '(__fish_complete_directories)'");
		break;
	case COMPLETE_JAILS:
		str_add(out, " -x -a '(__jlmkr_jails)'");
		break;
	case COMPLETE_COMMANDS:
		str_add(out, " -x -a '(jlmkr --list)'");
		break;
	case COMPLETE_WORDS:
		str_add(out, " -x -a '");
		for (; *words; words++)
			str_addc(out, *words == '|' ? ' ' : *words);
		str_addc(out, '\'');
		break;
	case COMPLETE_DISTROS:
		str_add(out, " -x -a '(__jlmkr_images 1)'");
		break;
	case COMPLETE_RELEASES:
		str_add(out, " -x -a '(__jlmkr_images 2)'");
		break;
	case COMPLETE_LIST:
		str_add(out, " -x -a '(__fish_append , ");
		for (; *words; words++)
			str_addc(out, *words == '|' ? ' ' : *words);
		str_add(out, ")'");
		break;
	case COMPLETE_NOTHING:
		str_add(out, " -x");
		break;
	}
}

/* `start` is the beginning of the line: `complete` with its conditions. */
static void add_fish_options(struct str *out, const char *start, const struct opt *o)
{
	for (; o && o->kind != OPT_KIND_END; o++) {
		str_addf(out, "%s -l %s", start, o->name);
		if (o->letter) str_addf(out, " -s %c", o->letter);
		if (o->old) str_addf(out, " -o %s", o->old);
		str_add(out, " -d ");
		add_fish_quoted(out, o->help);
		if (o->arg) add_fish_choices(out, complete_value(o),
		                             complete_words(out->m, o));
		str_addc(out, '\n');
	}
}

static void add_fish_applet(struct str *out, const struct applet *a, const char *start)
{
	add_fish_options(out, start, a->opts);
	if (complete_operand(a) == COMPLETE_NOTHING) return;
	str_add(out, start);
	add_fish_choices(out, complete_operand(a), complete_operand_words(out->m, a));
	str_addc(out, '\n');
	/* Words that are passed on may be files. fish refuses -F together with -x. */
	if (a->rest) str_addf(out, "%s -F\n", start);
}

static const char helpers[] =
	"# Completion for fish: jlmkr completion fish | source\n\n"
	"# The value of an option on the command line, with the words that name it.\n"
	"function __jlmkr_option\n"
	"\tset -l words (commandline -opc)\n"
	"\tfor i in (seq 2 (count $words))\n"
	"\t\tif test $words[$i] = $argv[1]; and test $i -lt (count $words)\n"
	"\t\t\techo $words[(math $i + 1)]\n"
	"\t\telse if string match -q -- \"$argv[1]=*\" $words[$i]\n"
	"\t\t\tstring replace -- \"$argv[1]=\" '' $words[$i]\n"
	"\t\tend\n"
	"\tend\n"
	"end\n\n"
	"# A column of the images in the cache, of the distribution that is named.\n"
	"function __jlmkr_images\n"
	"\tset -l distro (__jlmkr_option --distro)\n"
	"\tset -l dir --dir=(__jlmkr_option --dir)\n"
	"\tfor line in (jlmkr $dir images --cached --all 2>/dev/null)[2..-1]\n"
	"\t\tset -l cells (string split -n ' ' -- $line)\n"
	"\t\tif test $argv[1] = 1; or test -z \"$distro\"; or test $cells[1] = \"$distro\"\n"
	"\t\t\techo $cells[$argv[1]]\n"
	"\t\tend\n"
	"\tend\n"
	"end\n\n"
	"function __jlmkr_jails\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l dir\n"
	"\tfor i in (seq 2 (count $words))\n"
	"\t\tif contains -- $words[$i] -D --dir; and test $i -lt (count $words)\n"
	"\t\t\tset dir --dir $words[(math $i + 1)]\n"
	"\t\telse if string match -q -- '--dir=*' $words[$i]\n"
	"\t\t\tset dir $words[$i]\n"
	"\t\tend\n"
	"\tend\n"
	"\tjlmkr $dir list --no-header --output name 2>/dev/null\n"
	"end\n\n";

void completion_fish(struct str *out)
{
	str_add(out, helpers);
	str_add(out, "complete -c jlmkr -f\n");
	add_fish_options(out, "complete -c jlmkr", common_opts);
	for (const struct applet *const *a = applets; *a; a++) {
		const char *name = (*a)->name;

		str_addf(out, "complete -c jlmkr -n __fish_use_subcommand -a %s -d ", name);
		add_fish_quoted(out, (*a)->brief);
		str_addf(out, "\ncomplete -c jlmkr-%s -f\n", name);
		add_fish_applet(out, *a, arena_printf(out->m, "complete -c jlmkr -n "
		                                 "'__fish_seen_subcommand_from %s'", name));
		add_fish_applet(out, *a, arena_printf(out->m, "complete -c jlmkr-%s", name));
		add_fish_options(out, arena_printf(out->m, "complete -c jlmkr-%s", name),
		                 common_opts);
	}
}
