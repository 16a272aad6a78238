/* Run a command in a jail: no terminal, no shell, its own exit status. */

#include "lib/cli/applet.h"
#include "lib/cli/exec_common.h"

#include "lib/base/auto.h"
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
	OPT_TEXT('u', "user", user, "USER", "who to be in the jail, with that user's HOME and so on"),
	OPT_TEXT(0, "cwd", cwd, "DIR", "where to run it: an absolute path, or ~ for the home"),
	OPT_LIST('E', "env", env, "NAME[=VALUE]", "set a variable; without VALUE, to our own"),
	OPT_FLAG('t', "tty", tty, "on a terminal of the jail's own, if ours is one"),
	OPT_FLAG(0, "no-tty", no_tty, "with our stdin, stdout and stderr: the default"),
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

	engine_init(&en, h, h->m);
	if (a->tty && a->no_tty)
		return fail(e, ERR_USAGE, "--tty and --no-tty exclude each other");
	if (a->cwd && *a->cwd != '/' && !str_eq(a->cwd, "~"))
		return fail(e, ERR_USAGE, "--cwd=%s: an absolute path in the jail, please", a->cwd);
	if (a->user && !*a->user) return fail(e, ERR_USAGE, "--user needs a name");
	if (jail_check(h->m, h->dir, *operands, e) < 0) return -1;
	return engine_exec(&en, *operands, &how, e);
}

static int exec_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	return exec_exit_status(exec_in(h, args, operands, e), e);
}

const struct applet exec_applet = {
	.name = "exec",
	.brief = "run a command in a jail",
	.operands = "JAIL [--] COMMAND [ARGUMENT]...",
	.text = "Standard input, output and error are those of jlmkr, but a terminal is never handed\n"
		"over: a pty takes its place. The exit status is that of the command, 127 when\n"
		"there is no such command, or 125 when it could not be run. A jail that is still\n"
		"booting is waited for. A signal goes to the command, a second one ends it; it does\n"
		"not stay behind when jlmkr is killed.\n",
	.opts = exec_opts,
	.args_size = sizeof(struct exec_args),
	.min = 2,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = exec_run,
};
