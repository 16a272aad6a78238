/* A table in shell syntax, one line for each command, and a function that reads it. The output
 * of `jlmkr list` is not trusted: its lines are only compared and quoted. */

#include "lib/cli/completion.h"

#include "lib/base/str.h"
#include "lib/cli/applet.h"

/* -- the table: NAME=WHAT for an option with a value, else its NAME -- */

static void add_bash_what(struct str *out, enum complete_what what, const char *words)
{
	static const char *const names[] = {
		[COMPLETE_NOTHING] = "nothing", [COMPLETE_FILES] = "file",
		[COMPLETE_DIRS] = "dir", [COMPLETE_JAILS] = "jail",
		[COMPLETE_COMMANDS] = "command", [COMPLETE_DISTROS] = "distro",
		[COMPLETE_RELEASES] = "release",
	};

	if (what == COMPLETE_LIST) str_add(out, ",|");
	str_add(out, what == COMPLETE_WORDS || what == COMPLETE_LIST ? words : names[what]);
}

static void add_bash_spelling(struct str *out, const struct opt *o, const char *dashes,
                              const char *name)
{
	str_addf(out, " %s%s", dashes, name);
	if (!o->arg) return;
	str_addc(out, '=');
	add_bash_what(out, complete_value(o), complete_words(out->m, o));
}

static void add_bash_options(struct str *out, const struct opt *o)
{
	for (; o && o->kind != OPT_KIND_END; o++) {
		add_bash_spelling(out, o, "--", o->name);
		if (o->letter) add_bash_spelling(out, o, "-", (char[]){ o->letter, 0 });
		if (o->old) add_bash_spelling(out, o, "-", o->old);
	}
}

static void add_bash_applet(struct str *out, const struct applet *a)
{
	str_addf(out, "\t%s)\n\t\toptions+='", a->name);
	add_bash_options(out, a->opts);
	str_add(out, "' operand='");
	add_bash_what(out, complete_operand(a), complete_operand_words(out->m, a));
	str_addf(out, "' rest=%s last=%d ;;\n", a->rest ? "1" : "",
	         complete_operand(a) == COMPLETE_JAILS && complete_any_number(a) ? 999 : 1);
}

/* -- the function -- */

static const char function[] =
	"# Column $1 of the images in the cache, of the distribution that is named.\n"
	"_jlmkr_images() {\n"
	"\tlocal cells known=' ' list=(\"${program%-\"$command\"}\")\n"
	"\t[[ -z $dir ]] || list+=(--dir \"${dir/#\\~/$HOME}\")\n"
	"\twhile read -r -a cells; do\n"
	"\t\t[[ ${cells[0]} != DIST && ${cells[$1]} == \"$value\"* ]] || continue\n"
	"\t\t[[ $1 == 0 || -z $distro || ${cells[0]} == \"$distro\" ]] || continue\n"
	"\t\t[[ $known != *\" ${cells[$1]} \"* ]] || continue\n"
	"\t\tknown+=\"${cells[$1]} \"\n"
	"\t\tCOMPREPLY+=(\"$prefix$(printf %q \"${cells[$1]}\")\")\n"
	"\tdone < <(\"${list[@]}\" images --cached --all 2>/dev/null)\n"
	"}\n"
	"\n"
	"_jlmkr_jails() {\n"
	"\tlocal name list=(\"${program%-\"$command\"}\")\n"
	"\t[[ -z $dir ]] || list+=(--dir \"${dir/#\\~/$HOME}\")\n"
	"\twhile IFS= read -r name; do\n"
	"\t\t[[ $name != \"$value\"* ]] || COMPREPLY+=(\"$prefix$(printf %q \"$name\")\")\n"
	"\tdone < <(\"${list[@]}\" list --no-header --output name 2>/dev/null)\n"
	"}\n"
	"\n"
	"# What `value` may become, being a $1.\n"
	"_jlmkr_value() {\n"
	"\tlocal word\n"
	"\tcase $1 in\n"
	"\tfile) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -f -- "
	"\"$value\") ;;\n"
	"\tdir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -P \"$prefix\" -d -- "
	"\"$value\") ;;\n"
	"\tjail) prefix+=${value%\"${value##*@}\"} value=${value##*@}; _jlmkr_jails ;;\n"
	"\tdistro) _jlmkr_images 0 ;;\n"
	"\trelease) _jlmkr_images 1 ;;\n"
	"\tcommand)\n"
	"\t\tfor word in $_jlmkr_commands; do\n"
	"\t\t\t[[ $word != \"$value\"* ]] || COMPREPLY+=(\"$prefix$word\")\n"
	"\t\tdone ;;\n"
	"\t',|'*)\n"
	"\t\tprefix+=${value%\"${value##*,}\"} value=${value##*,}\n"
	"\t\t_jlmkr_value \"${1#,|}\"; compopt -o nospace ;;\n"
	"\t*'|'*)\n"
	"\t\tfor word in ${1//|/ }; do\n"
	"\t\t\t[[ $word != \"$value\"* ]] || COMPREPLY+=(\"$prefix$word\")\n"
	"\t\tdone ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"# What the option $1 takes: nothing printed for a flag.\n"
	"_jlmkr_takes() {\n"
	"\tlocal option\n"
	"\tfor option in $options; do\n"
	"\t\t[[ $option != \"$1\"=* ]] || { echo \"${option#*=}\"; return; }\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_jlmkr_options() {\n"
	"\tlocal option\n"
	"\tfor option in $options; do\n"
	"\t\t[[ $option == --* && $option == \"$value\"* ]] || continue\n"
	"\t\tif [[ $option == *=* ]]; then COMPREPLY+=(\"${option%%=*}=\"); compopt -o "
	"nospace\n"
	"\t\telse COMPREPLY+=(\"$option \"); compopt -o nospace; fi\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_jlmkr() {\n"
	"\tlocal program=${COMP_WORDS[0]} command= operand=command rest= last=1 "
	"options=$_jlmkr_common\n"
	"\tlocal value=${COMP_WORDS[COMP_CWORD]} prefix= dir= distro= ended= takes= "
	"word n=0 i IFS=$' \\t\\n'\n"
	"\tCOMPREPLY=()\n"
	"\tcase ${program##*/} in\n"
	"\tjlmkr-*) command=${program##*/jlmkr-} command=${command#jlmkr-}; _jlmkr_command ;;\n"
	"\t*) options+=' --install=dir --list' ;;\n"
	"\tesac\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == @ ]] && ((n == 1)); then n=0	# user@jail is three words for "
	"bash\n"
	"\t\telif [[ -z $ended && $word == -- ]]; then ended=1\n"
	"\t\telif [[ -z $ended && $word == -?* ]]; then\n"
	"\t\t\ttakes=$(_jlmkr_takes \"$word\")\n"
	"\t\t\t[[ $word == --dir=* ]] && dir=${word#--dir=}\n"
	"\t\t\t[[ $word == --distro=* ]] && distro=${word#--distro=}\n"
	"\t\t\t[[ -n $takes ]] || continue\n"
	"\t\t\t[[ ${COMP_WORDS[i+1]} != = ]] || ((i++))\n"
	"\t\t\tif ((i + 1 == COMP_CWORD || i == COMP_CWORD)); then\n"
	"\t\t\t\t[[ $value != = ]] || value=\n"
	"\t\t\t\t_jlmkr_value \"$takes\"\n"
	"\t\t\t\treturn\n"
	"\t\t\tfi\n"
	"\t\t\t((i++))\n"
	"\t\t\t[[ $word != -D && $word != --dir ]] || dir=${COMP_WORDS[i]}\n"
	"\t\t\t[[ $word != --distro ]] || distro=${COMP_WORDS[i]}\n"
	"\t\telif [[ -z $command ]]; then command=$word options=$_jlmkr_common; "
	"_jlmkr_command\n"
	"\t\telse\n"
	"\t\t\t((n++))\n"
	"\t\t\t[[ -z $rest ]] || ended=1\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ $value == @ ]] && ((n == 1)); then n=0 value=; fi\n"
	"\tif [[ -n $rest ]] && ((n > 0)); then compopt -o default\n"
	"\telif [[ -z $ended && $value == --*=* ]]; then\n"
	"\t\ttakes=$(_jlmkr_takes \"${value%%=*}\") prefix=${value%%=*}= value=${value#*=}\n"
	"\t\t_jlmkr_value \"$takes\"\n"
	"\telif [[ -z $ended && $value == -* ]]; then _jlmkr_options\n"
	"\telif ((n < last)); then\n"
	"\t\t_jlmkr_value \"$operand\"\n"
	"\tfi\n"
	"}\n"
	"\n";

void completion_bash(struct str *out)
{
	str_add(out,
	        "# Completion for bash: eval \"$(jlmkr completion bash)\"\n\n_jlmkr_common='");
	add_bash_options(out, common_opts);
	str_add(out, "'\n_jlmkr_commands='");
	for (const struct applet *const *a = applets; *a; a++)
		str_addf(out, "%s%s", a == applets ? "" : " ", (*a)->name);
	str_add(out, "'\n\n_jlmkr_command() {\n\tcase $command in\n");
	for (const struct applet *const *a = applets; *a; a++)
		add_bash_applet(out, *a);
	str_add(out, "\t*) operand=nothing ;;\n\tesac\n}\n\n");
	str_add(out, function);
	str_add(out, "complete -F _jlmkr jlmkr");
	for (const struct applet *const *a = applets; *a; a++)
		str_addf(out, " jlmkr-%s", (*a)->name);
	str_addc(out, '\n');
}
