/* A session as machined would open it, but started by us, so that its exit status
 * comes back: machined opens a pty inside, the jail's systemd runs a login service on
 * it, we connect the pty to our terminal. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/stand_in.h"
#include "lib/engine/terminal.h"
#include "lib/jail/jail.h"
#include "lib/systemd/machined.h"
#include "lib/systemd/run_options.h"

/* systemd empties the terminal when it sets the login up, so nothing is typed before
 * the first output, or this time. (Type=exec would tell the moment, but under PAM its
 * job does not end before the session does.) */
enum { LOGIN_MS = 500 };

/* User= makes systemd set SHELL from the jail's own passwd. */
static char *const login_shell[] = { "/bin/sh", "-c", "exec \"${SHELL:-/bin/sh}\" -l", NULL };

/* Without a systemd: what its images have. */
static char *const some_shell[] = {
	"/bin/sh", "-c",
	"[ \"$SHELL\" != /bin/sh ] || SHELL=/bin/bash; "
	"[ -x \"$SHELL\" ] || SHELL=/bin/sh; export SHELL; exec \"$SHELL\" -l", NULL,
};

static void session_options(struct run_options *o, struct arena *m, const struct shell_how *how)
{
	struct words p = { .m = m }, env = { .m = m };

	words_add(&p, "IgnoreSIGPIPE=no");
	words_add(&p, "KillMode=mixed");
	words_add(&p, "UtmpMode=user");
	words_add(&p, "PAMName=login");
	words_addf(&p, "User=%s", how->user && *how->user ? how->user : "root");
	words_add(&p, "WorkingDirectory=-~");
	for (char *const *v = how->env; v && *v; v++)
		env_put(&env, *v);
	*o = (struct run_options){
		.description = "jlmkr shell",
		.collect = true,
		.properties = p,
		.send_sighup = true,
		.environment = env,
		.verbatim = -1,
	};
}

static int start_on(struct jail_unit *in, struct run_options *o, char *const *argv, int master,
                    const char *tty, struct err *e)
{
	AUTOCLOSE int slave = stand_in_slave(master, e);
	const int stdio[] = { slave, slave, slave };

	if (slave < 0) return -1;
	words_addf(&o->properties, "TTYPath=%s", tty);
	words_addf(&o->properties, "UtmpIdentifier=%s",
	           str_starts(tty, "/dev/") ? tty + 5 : tty);
	return jail_unit_start(in, o, stdio, argv, e);
}

/* Of a session that did not begin, nothing is left to read. */
static bool is_hung_up(int master)
{
	struct pollfd p = { .fd = master, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && !(p.revents & POLLIN);
}

int jail_unit_run_pty(struct jail_unit *in, struct engine *en, struct run_options *o,
                      char *const *argv, bool greet, struct err *e)
{
	AUTOCLOSE int master = -1;
	struct terminal t = { .in = 0, .out = 1, .hangup = HANGUP_ENDS, .leaves = true };
	const char *tty;

	if (engine_open(en, e) < 0) return -1;
	if ((master = machine_open_pty(en->bus, in->jail, en->m, &tty, e)) < 0) return -1;
	terminal_resize(master, 1);
	if (start_on(in, o, argv, master, tty, e) < 0) return -1;
	if (wait_fd(master, POLLIN, deadline_in(LOGIN_MS), e) < 0) return -1;
	if (greet && isatty(0) && !is_hung_up(master))
		out_note("Connected to %s. Press ^] three times within a second to leave.",
		         in->jail);
	t.master = master;
	return jail_unit_run_terminal(in, &t, e);
}

/* A jail that runs a command has no systemd to open a session. */
static int shell_as_guest(struct jail_unit *in, const struct shell_how *how, struct err *e)
{
	struct exec_how guest = {
		.user = how->user && *how->user ? how->user : NULL,
		.cwd = "~",
		.env = how->env,
		.argv = *how->argv ? how->argv : some_shell,
	};

	return exec_as_guest(in, &guest, e);
}

int engine_shell(struct engine *en, const struct jail *j, const struct shell_how *how,
                 struct err *e)
{
	AUTOJAILUNIT struct jail_unit in;
	struct run_options o;

	if (jail_unit_open(&in, en, j, how->boot_wait, e) < 0) {
		if (e->sys != ENOSYS) return -1;
		if (in.is_command) return shell_as_guest(&in, how, e);
		return fail_in(e, "a session needs a systemd; 'jlmkr exec %s sh' runs a "
		               "shell without one", j->name);
	}
	in.user = how->user;
	session_options(&o, en->m, how);
	return jail_unit_run_pty(&in, en, &o, *how->argv ? how->argv : login_shell, true, e);
}
