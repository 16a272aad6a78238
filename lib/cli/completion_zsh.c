/* A function that calls _arguments for each command: see zshcompsys(1). */

#include "lib/cli/completion.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/cli/applet.h"

/* Escape a text for the brackets of an option's explanation, in single quotes. */
static void add_zsh_text(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'') str_add(out, "'\\''");
		else if (strchr("[]:\\", *text)) str_addf(out, "\\%c", *text);
		else str_addc(out, *text);
	}
}

/* The action of _arguments: it is in single quotes already. */
static void add_zsh_action(struct str *out, enum complete_what what, const char *words)
{
	static const char *const actions[] = {
		[COMPLETE_NOTHING] = " ", [COMPLETE_FILES] = "_files",
		                     [COMPLETE_DIRS] = "_files -/",
		[COMPLETE_JAILS] = "_jlmkr_jails", [COMPLETE_COMMANDS] = "_jlmkr_commands",
		[COMPLETE_DISTROS] = "_jlmkr_images 1", [COMPLETE_RELEASES] = "_jlmkr_images 2",
	};

	if (what != COMPLETE_WORDS && what != COMPLETE_LIST) {
		str_add(out, actions[what]);
		return;
	}
	str_add(out, what == COMPLETE_LIST ? "_values -s , column " : "(");
	for (; *words; words++)
		str_addc(out, *words == '|' ? ' ' : *words);
	if (what == COMPLETE_WORDS) str_addc(out, ')');
}

static void add_zsh_spelling(struct str *out, const struct opt *o, const char *dashes,
                             const char *name, const char *joint)
{
	str_addf(out, " \\\n\t\t'%s%s%s[", dashes, name, o->arg ? joint : "");
	add_zsh_text(out, o->help);
	str_addc(out, ']');
	if (o->arg) {
		str_addc(out, ':');
		add_zsh_text(out, o->arg);
		str_addc(out, ':');
		add_zsh_action(out, complete_value(o), complete_words(out->m, o));
	}
	str_addc(out, '\'');
}

static void add_zsh_options(struct str *out, const struct opt *o)
{
	for (; o && o->kind != OPT_KIND_END; o++) {
		add_zsh_spelling(out, o, "--", o->name, "=");
		if (o->letter) add_zsh_spelling(out, o, "-", (char[]){ o->letter, 0 }, "+");
		if (o->old) add_zsh_spelling(out, o, "-", o->old, "=");
	}
}

static void add_zsh_operand(struct str *out, const struct applet *a)
{
	enum complete_what what = complete_operand(a);
	bool any = what == COMPLETE_JAILS && complete_any_number(a);

	if (a->max == 0) return;
	str_add(out, any ? " \\\n\t\t'*:" : " \\\n\t\t'1:");
	add_zsh_text(out, a->operands);
	str_addc(out, ':');
	add_zsh_action(out, what, complete_operand_words(out->m, a));
	str_addc(out, '\'');
	if (a->rest) str_add(out, " \\\n\t\t'*:::argument:_default'");
}

static const char helpers[] =
	"# Column $1 of the images in the cache, of the distribution that is named.\n"
	"_jlmkr_images() {\n"
	"\tlocal line distro=${(Q)opt_args[--distro]}\n"
	"\tlocal -a dir cells lines\n"
	"\tlocal -aU names\n"
	"\t(( ${+opt_args[--dir]} )) && dir=(--dir ${(Q)opt_args[--dir]})\n"
	"\t(( ${+opt_args[-D]} )) && dir=(--dir ${(Q)opt_args[-D]})\n"
	"\tlines=(${(f)\"$(jlmkr $dir images --cached --all 2>/dev/null)\"})\n"
	"\tfor line in $lines[2,-1]; do\n"
	"\t\tcells=(${=line})\n"
	"\t\t[[ $1 == 1 || -z $distro || $cells[1] == $distro ]] && names+=($cells[$1])\n"
	"\tdone\n"
	"\t(( $#names )) && compadd -a names\n"
	"}\n\n"
	"_jlmkr_jails() {\n"
	"\tlocal -a dir names\n"
	"\t(( ${+opt_args[--dir]} )) && dir=(--dir ${(Q)opt_args[--dir]})\n"
	"\t(( ${+opt_args[-D]} )) && dir=(--dir ${(Q)opt_args[-D]})\n"
	"\tnames=(${(f)\"$(jlmkr $dir list --no-header --output name 2>/dev/null)\"})\n"
	"\tcompset -P '*@'\n"
	"\t(( $#names )) && compadd -a names\n"
	"}\n\n";

static const char dispatch[] =
	"_jlmkr() {\n"
	"\tlocal state\n"
	"\tlocal -A opt_args\n"
	"\tif [[ $service == jlmkr-* ]]; then\n"
	"\t\t_jlmkr_command_${service#jlmkr-}\n"
	"\t\treturn\n"
	"\tfi\n";

static void add_commands(struct str *out)
{
	str_add(out, "_jlmkr_commands() {\n\tlocal -a commands=(");
	for (const struct applet *const *a = applets; *a; a++) {
		str_addf(out, "\n\t\t'%s:", (*a)->name);
		add_zsh_text(out, (*a)->brief);
		str_addc(out, '\'');
	}
	str_add(out, "\n\t)\n\t_describe command commands\n}\n\n");
}

static void add_names(struct str *out)
{
	str_add(out, " jlmkr");
	for (const struct applet *const *a = applets; *a; a++)
		str_addf(out, " jlmkr-%s", (*a)->name);
	str_addc(out, '\n');
}

void completion_zsh(struct str *out)
{
	str_add(out, "#compdef");
	add_names(out);
	str_add(out,
	        "# Completion for zsh: eval \"$(jlmkr completion zsh)\", or as _jlmkr in a "
	        "folder of $fpath\n\n");
	str_add(out, helpers);
	add_commands(out);
	for (const struct applet *const *a = applets; *a; a++) {
		str_addf(out, "_jlmkr_command_%s() {\n\t_arguments -s%s", (*a)->name,
		         (*a)->rest ? " -A '-*'" : "");
		add_zsh_options(out, (*a)->opts);
		add_zsh_options(out, common_opts);
		add_zsh_operand(out, *a);
		str_add(out, "\n}\n\n");
	}
	str_add(out, dispatch);
	str_add(out, "\t_arguments -C -A '-*'");
	add_zsh_options(out, common_opts);
	str_add(out, " \\\n\t\t'1:command:_jlmkr_commands' '*::argument:->arguments'\n"
	        "\t[[ $state == arguments ]] &&\n"
	        "\t\t(( ${+functions[_jlmkr_command_$words[1]]} )) &&\n"
	        "\t\t_jlmkr_command_$words[1]\n}\n\n"
	        "if [[ $funcstack[1] == _jlmkr ]]; then _jlmkr \"$@\"\n"
	        "else compdef _jlmkr");
	add_names(out);
	str_add(out, "fi\n");
}
