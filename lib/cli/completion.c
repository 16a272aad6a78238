/* What all completion scripts need to know, and the command itself. */

#include "lib/cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/cli/applet.h"
#include "lib/cli/manual.h"
#include "lib/jail/conf.h"
#include "lib/text/packed.h"

/* "0|1", "bash|zsh|fish": words that are typed as they are. */
static bool is_words(const char *arg)
{
	return strchr(arg, '|') && !arg[strspn(arg, "abcdefghijklmnopqrstuvwxyz0123456789|-")];
}

static enum complete_what what_is(const char *arg)
{
	if (is_words(arg)) return COMPLETE_WORDS;
	if (strstr(arg, "TOPIC")) return COMPLETE_WORDS;
	if (strstr(arg, "JAIL")) return COMPLETE_JAILS;
	if (strstr(arg, "COMMAND")) return COMPLETE_COMMANDS;
	if (strstr(arg, "FILE")) return COMPLETE_FILES;
	return strstr(arg, "DIR") ? COMPLETE_DIRS : COMPLETE_NOTHING;
}

/* Tests compare them with what `jlmkr list` knows. */
static const char columns[] =
	"name|running|startup|gpu_intel|gpu_nvidia|os|version|addresses|state|path";

enum complete_what complete_value(const struct opt *o)
{
	if (str_eq(o->arg, "DISTRO")) return COMPLETE_DISTROS;
	if (str_eq(o->arg, "RELEASE")) return COMPLETE_RELEASES;
	if (str_eq(o->arg, "COLUMNS")) return COMPLETE_LIST;
	return str_eq(o->arg, "KEY") ? COMPLETE_WORDS : what_is(o->arg);
}

const char *complete_words(struct arena *m, const struct opt *o)
{
	struct str keys = { .m = m };

	if (str_eq(o->arg, "COLUMNS")) return columns;
	if (!str_eq(o->arg, "KEY")) return o->arg;
	for (size_t i = 0; conf_key(i); i++)
		str_addf(&keys, "%s%s", i ? "|" : "", conf_key(i));
	return str_text(&keys);
}

enum complete_what complete_operand(const struct applet *a)
{
	return a->operands ? what_is(a->operands) : COMPLETE_NOTHING;
}

const char *complete_operand_words(struct arena *m, const struct applet *a)
{
	struct str words = { .m = m };

	if (!strstr(a->operands, "TOPIC")) return a->operands;
	for (const struct applet *const *other = applets; *other; other++)
		str_addf(&words, "%s%s", words.len ? "|" : "", (*other)->name);
	for (const struct packed_file *p = manual_topics(m); p->name; p++)
		str_addf(&words, "|%s", p->name);
	return str_text(&words);
}

bool complete_any_number(const struct applet *a)
{
	return strstr(a->operands, "JAIL...") || strstr(a->operands, "JAIL]...") ||
	       strstr(a->operands, "LABEL]...");
}

static const struct shell {
	const char *name;
	void (*write)(struct str *out);
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

static int completion_run(struct host *h, const void *args, char *const *operands,
                          struct err *e)
{
	struct str text = { .m = h->m };

	(void)args;
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
		if (!str_eq(shells[i].name, *operands)) continue;
		shells[i].write(&text);
		fputs(str_text(&text), stdout);
		return out_flush(e);
	}
	return fail(e, ERR_USAGE,
	            "no completion for '%s'; there is one for bash, zsh and fish",
	            *operands);
}

const struct applet completion_applet = {
	.name = "completion",
	.brief = "print a completion script for a shell",
	.operands = "bash|zsh|fish",
	.text =
	"Completes commands, options, their values and the names of jails, for 'jlmkr'\n"
	"and the links 'jlmkr-COMMAND'. For bash, put this line into ~/.bashrc:\n"
	"    eval \"$(jlmkr completion bash)\"\n"
	"for zsh, the same into ~/.zshrc, after compinit; for fish, into its config:\n"
	"    jlmkr completion fish | source\n"
	"The names of jails can only be completed by users who may read them: for sudo,\n"
	"use a root shell. Distributions and releases are those of images that create has\n"
	"kept; no server is asked.\n",
	.min = 1,
	.max = 1,
	.run = completion_run,
};
