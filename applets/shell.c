/* A login session in a jail, with the words that `machinectl shell` takes. */

#include "lib/cli/applet.h"
#include "lib/cli/exec_common.h"

#include <stdlib.h>

#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

struct shell_args {
	const char *user;
	struct words env;
};

#define OPT_INTO shell_args
static const struct opt shell_opts[] = {
	OPT_TEXT('u', "user", user, "USER", "log in as this user instead of root"),
	OPT_TEXT(0, "uid", user, "USER", "the same as --user"),
	OPT_LIST('E', "env", env, "NAME[=VALUE]",
	         "set a variable; without VALUE, to its value here"),
	OPT_LIST(0, "setenv", env, "NAME[=VALUE]", "the same as --env"),
	OPT_END
};

/* TERM is handed over unless given. */
static char **environment(struct arena *m, const struct words *given)
{
	struct words env = { .m = m };
	const char *value = getenv("TERM");

	if (value) words_addf(&env, "TERM=%s", value);
	for (char **v = exec_environment(m, given); *v; v++)
		words_add(&env, *v);
	return words_list(&env);
}

static int shell_in(struct host *h, const struct shell_args *a, char *const *operands,
                    struct err *e)
{
	struct shell_how how = {
		.user = a->user,
		.env = environment(h->m, &a->env),
		.argv = operands + 1,
		.boot_wait = BOOT_WAIT,
	};
	const char *jail = exec_split_user(h->m, operands[0], &how.user, e);
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (!jail) return -1;
	if (how.user && !*how.user) return fail(e, ERR_USAGE, "--user needs a name");
	if (*how.argv && **how.argv != '/')
		return fail(e, ERR_USAGE,
		            "%s is not an absolute path; 'jlmkr exec' looks a command up",
		            *how.argv);
	if (jail_open(h->m, h->dir, jail, &j, e) < 0) return -1;
	how.env = exec_jail_environment(h->m, &j, how.env);
	jail_leave(&j);
	return engine_shell(&en, &j, &how, e);
}

static int shell_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	return exec_exit_status(shell_in(h, args, operands, e), e);
}

const struct applet shell_applet = {
	.name = "shell",
	.brief = "open a login session in a jail",
	.operands = "[USER@]JAIL [COMMAND [ARGUMENT]...]",
	.text =
	    "Without COMMAND, run the user's login shell. Press ^] three times within a\n"
	    "second to leave a session that hangs. The exit status is that of the session, or\n"
	    "125 if there was none. If the jail is still booting, shell waits for it.\n",
	.opts = shell_opts,
	.args_size = sizeof(struct shell_args),
	.min = 1,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = shell_run,
};
