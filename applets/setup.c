/* Run a jail's initial_setup, again. */

#include "lib/cli/applet.h"
#include "lib/cli/exec_common.h"

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/setup.h"

struct setup_args {
	long wait;
	const char *user;
};

#define OPT_INTO setup_args
static const struct opt setup_opts[] = {
	OPT_NUMBER('w', "wait", wait, "SECONDS", "wait this long for the jail's network (150)"),
	OPT_TEXT('u', "user", user, "USER", "root, which is the only user that can run it"),
	OPT_TEXT(0, "uid", user, "USER", "the same as --user"),
	OPT_END
};

static int setup_run_applet(struct host *h, const void *args, char *const *operands,
                            struct err *e)
{
	const struct setup_args *a = args;
	const char *user = a->user ? a->user : "root";
	const char *jail = exec_split_user(h->m, operands[0], &user, e);
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (!jail) return -1;
	if (!str_eq(user, "root") && !str_eq(user, "0"))
		return fail(e, ERR_USAGE,
		            "initial_setup is run as root, not as %s; 'runuser -u "
		            "%s' in the script runs a command as this user", user, user);
	if (jail_open(h->m, h->dir, jail, &j, e) < 0) return -1;
	if (op_setup(&en, &j, a->wait, e) < 0) return -1;
	out_note("the initial_setup of %s is done", jail);
	return 0;
}

const struct applet setup_applet = {
	.name = "setup",
	.brief = "run a jail's initial_setup, again",
	.operands = "[USER@]JAIL",
	.text =
	    "Do what the first start does: run the initial_setup of the config in the jail,\n"
	    "as root, once its network is up. The output is shown, and kept as\n"
	    "initial_setup.log beside the config. A jail that does not run is started. A\n"
	    "signal (^C) stops the script; the next time it starts from the beginning.\n",
	.opts = setup_opts,
	.defaults = &(const struct setup_args){ .wait = SETUP_NETWORK_WAIT },
	.args_size = sizeof(struct setup_args),
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = setup_run_applet,
};
