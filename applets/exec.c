/* Run a command in a jail: no terminal, no shell, its own exit status. */

#include "lib/cli/applet.h"
#include "lib/cli/exec_common.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

extern const struct applet exec_applet;

struct exec_args {
	const char *user, *cwd;
	struct words env;
	bool tty, no_tty;
};

#define OPT_INTO exec_args
static const struct opt exec_opts[] = {
	OPT_TEXT('u', "user", user, "USER", "run as this user of the jail instead of root"),
	OPT_TEXT(0, "uid", user, "USER", "the same as --user"),
	OPT_TEXT(0, "cwd", cwd, "DIR", "run in this directory: absolute, or ~ for the home"),
	OPT_LIST('E', "env", env, "NAME[=VALUE]",
	         "set a variable; without VALUE, to its value here"),
	OPT_LIST(0, "setenv", env, "NAME[=VALUE]", "the same as --env"),
	OPT_FLAG('t', "tty", tty, "use a terminal of the jail's own, if this is one"),
	OPT_FLAG(0, "no-tty", no_tty, "use this stdin, stdout and stderr (the default)"),
	OPT_END
};

static int run_in(struct host *h, const char *jail, struct exec_how *how, struct err *e)
{
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (how->cwd && *how->cwd != '/' && !str_eq(how->cwd, "~"))
		return fail(e, ERR_USAGE, "--cwd=%s: an absolute path in the jail, please",
		            how->cwd);
	if (how->user && !*how->user) return fail(e, ERR_USAGE, "--user needs a name");
	if (jail_open(h->m, h->dir, jail, &j, e) < 0) return -1;
	how->env = exec_jail_environment(h->m, &j, how->env);
	jail_leave(&j);
	return engine_exec(&en, &j, how, e);
}

/* The words begin with options that cannot be taken: perhaps with one of ours. */
static int fail_place(const char *jail, char *const *words, struct err *e)
{
	static const char *const ours[] = { "-u", "--user", "--cwd", "--env", "--no-tty" };

	for (; *words && **words == '-'; words++)
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
			size_t n = strlen(ours[i]);

			if (strncmp(*words, ours[i], n) ||
			    (n > 2 && (*words)[n] && (*words)[n] != '='))
				continue;
			return fail(
				e, ERR_USAGE,
				"%s belongs before the name of the jail: 'jlmkr exec %s ... %s "
				"COMMAND'",
				ours[i], ours[i], jail);
		}
	return -1;
}

/* The words behind the jail: some options, perhaps a --, and the command. */
static int read_words(struct host *h, struct exec_how *how, char *const *operands,
                      struct err *e)
{
	char *const *words = operands + 1;
	int n = exec_how_read(how, h->m, words, e);

	if (n < 0) return fail_place(operands[0], words, e);
	words += n;
	if (*words && str_eq(*words, "--")) words++;
	if (!*words)
		return fail(e, ERR_USAGE, "no command is named; usage: jlmkr exec %s",
		            exec_applet.operands);
	how->argv = words;
	return 0;
}

static int exec_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct exec_args *a = args;
	struct exec_how how = {
		.user = a->user,
		.cwd = a->cwd,
		.env = exec_environment(h->m, &a->env),
		.tty = a->tty,
		.boot_wait = BOOT_WAIT,
	};
	const char *jail = exec_split_user(h->m, operands[0], &how.user, e);

	if (!jail || read_words(h, &how, operands, e) < 0) return -1;
	if (a->tty && a->no_tty)
		return exec_exit_status(fail(e, ERR_USAGE,
		                             "--tty and --no-tty exclude each other"),
		                        e);
	return exec_exit_status(run_in(h, jail, &how, e), e);
}

const struct applet exec_applet = {
	.name = "exec",
	.brief = "run a command in a jail",
	.operands = "[USER@]JAIL [--] COMMAND [ARGUMENT]...",
	.text =
	    "The command uses jlmkr's standard input, output and error, but never its\n"
	    "terminal: a pty takes its place. The exit status is that of the command, 127 if\n"
	    "there is no such command, or 125 if it could not be run. If the jail is still\n"
	    "booting, exec waits for it. A signal goes to the command, and a second one ends\n"
	    "it; the command is also stopped if jlmkr is killed.\n"
	    "\n"
	    "Between JAIL and COMMAND, these options of systemd-run may stand: --uid, --gid,\n"
	    "--setenv (-E), --working-directory, --pty (-t), --pipe, --property (-p), --nice,\n"
	    "--description and --slice.\n",
	.opts = exec_opts,
	.args_size = sizeof(struct exec_args),
	.min = 2,
	.max = -1,
	.rest = true,
	.rest_dashes = true,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = exec_run,
};
