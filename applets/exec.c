/* Run a command in a jail: no terminal, no shell, its own exit status. */

#include "lib/cli/applet.h"
#include "lib/cli/exec_common.h"

#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

struct exec_args {
	const char *user, *cwd;
	struct words env;
	bool tty, no_tty;
};

#define OPT_INTO exec_args
static const struct opt exec_opts[] = {
	OPT_TEXT('u', "user", user, "USER", "run as this user of the jail, with its HOME"),
	OPT_TEXT(0, "cwd", cwd, "DIR", "run in this directory: absolute, or ~ for the home"),
	OPT_LIST('E', "env", env, "NAME[=VALUE]", "set a variable; without VALUE, to its value here"),
	OPT_FLAG('t', "tty", tty, "use a terminal of the jail's own, if this is one"),
	OPT_FLAG(0, "no-tty", no_tty, "use this stdin, stdout and stderr (the default)"),
	OPT_END
};

static int exec_in(struct host *h, const struct exec_args *a, char *const *operands,
                   struct err *e)
{
	const struct exec_how how = {
		.user = a->user,
		.cwd = a->cwd,
		.env = exec_environment(h->m, &a->env),
		.tty = a->tty,
		.argv = operands + 1,
		.boot_wait = BOOT_WAIT,
	};
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (a->tty && a->no_tty)
		return fail(e, ERR_USAGE, "--tty and --no-tty exclude each other");
	if (a->cwd && *a->cwd != '/' && !str_eq(a->cwd, "~"))
		return fail(e, ERR_USAGE, "--cwd=%s: an absolute path in the jail, please", a->cwd);
	if (a->user && !*a->user) return fail(e, ERR_USAGE, "--user needs a name");
	if (jail_open(h->m, h->dir, *operands, &j, e) < 0) return -1;
	jail_leave(&j);
	return engine_exec(&en, &j, &how, e);
}

static int exec_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	return exec_exit_status(exec_in(h, args, operands, e), e);
}

const struct applet exec_applet = {
	.name = "exec",
	.brief = "run a command in a jail",
	.operands = "JAIL [--] COMMAND [ARGUMENT]...",
	.text = "The command uses jlmkr's standard input, output and error, but never its\n"
		"terminal: a pty takes its place. The exit status is that of the command, 127 if\n"
		"there is no such command, or 125 if it could not be run. If the jail is still\n"
		"booting, exec waits for it. A signal goes to the command, and a second one ends\n"
		"it; the command is also stopped if jlmkr is killed.\n",
	.opts = exec_opts,
	.args_size = sizeof(struct exec_args),
	.min = 2,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = exec_run,
};
