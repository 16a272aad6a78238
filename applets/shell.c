/* A login session in a jail, with the words that `machinectl shell` takes. */

#include "applets/applet.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

enum { NEVER_GOT_THERE = 125, BOOT_WAIT = 60 };

struct shell_args {
	const char *uid;
	struct words setenv;
};

#define OPT_INTO shell_args
static const struct opt shell_opts[] = {
	OPT_TEXT(0, "uid", uid, "USER", "who to be in the jail, instead of root"),
	OPT_LIST('E', "setenv", setenv, "NAME[=VALUE]", "set a variable; without VALUE, to our own"),
	OPT_END
};

/* A bare NAME stands for our own value of it; TERM is handed over unless given. */
static char **environment(struct arena *m, const struct words *given)
{
	struct words env = { .m = m };
	const char *value;
	bool term = false;

	for (size_t i = 0; i < given->n; i++) {
		term |= str_starts(given->v[i], "TERM=");
		if (strchr(given->v[i], '='))
			words_add(&env, given->v[i]);
		else if ((value = getenv(given->v[i])))
			words_addf(&env, "%s=%s", given->v[i], value);
	}
	if (!term && (value = getenv("TERM"))) words_addf(&env, "TERM=%s", value);
	return words_list(&env);
}

static int shell_in(struct host *h, const struct shell_args *a, char *const *operands,
                    struct err *e)
{
	const char *jail = operands[0], *at = strchr(jail, '@');
	struct shell_how how = {
		.user = a->uid,
		.env = environment(h->m, &a->setenv),
		.argv = operands + 1,
		.boot_wait = BOOT_WAIT,
	};
	AUTOENGINE struct engine en;

	engine_init(&en, h, h->m);
	if (at) {
		how.user = arena_strndup(h->m, jail, (size_t)(at - jail));
		jail = at + 1;
	}
	if (jail_check(h->m, h->dir, jail, e) < 0) return -1;
	return engine_shell(&en, jail, &how, e);
}

static int shell_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	int status = shell_in(h, args, operands, e);

	if (status >= 0) return status;
	complain(e);
	return NEVER_GOT_THERE;
}

const struct applet shell_applet = {
	.name = "shell",
	.brief = "open a login session in a jail",
	.operands = "[USER@]JAIL [COMMAND [ARGUMENT]...]",
	.text = "Without COMMAND, the user's login shell. Press ^] three times within a second to\n"
		"leave a session that hangs. The exit status is that of the session, or 125 when\n"
		"there was none. A jail that is still booting is waited for.\n",
	.opts = shell_opts,
	.args_size = sizeof(struct shell_args),
	.min = 1,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = shell_run,
};
