/* A session as machined would open it, but started by us, so that its exit status
 * comes back: machined opens a pty inside, the jail's systemd runs a login service on
 * it, we connect the pty to our terminal. */

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/bus/bus.h"
#include "lib/bus/machine1.h"
#include "lib/bus/runopts.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/terminal.h"

/* systemd empties the terminal when it sets the login up, so nothing is typed before
 * the first output, or this time. (Type=exec would tell the moment, but under PAM its
 * job does not end before the session does.) */
enum { LOGIN_MS = 500 };

/* User= makes systemd set SHELL from the jail's own passwd. */
static char *const login_shell[] = { "/bin/sh", "-c", "exec \"${SHELL:-/bin/sh}\" -l", NULL };

static void session_options(struct run_options *o, struct arena *m, const struct shell_how *how,
                            const char *tty)
{
	struct words p = { .m = m }, env = { .m = m };

	words_add(&p, "IgnoreSIGPIPE=no");
	words_add(&p, "KillMode=mixed");
	words_addf(&p, "TTYPath=%s", tty);
	words_addf(&p, "UtmpIdentifier=%s", str_starts(tty, "/dev/") ? tty + 5 : tty);
	words_add(&p, "UtmpMode=user");
	words_add(&p, "PAMName=login");
	words_addf(&p, "User=%s", how->user && *how->user ? how->user : "root");
	words_add(&p, "WorkingDirectory=-~");
	words_add_all(&env, how->env);
	*o = (struct run_options){
		.description = "jlmkr shell",
		.collect = true,
		.properties = p,
		.send_sighup = true,
		.environment = env,
		.verbatim = -1,
	};
}

static int is_over(void *arg, struct err *e)
{
	struct inner *in = arg;

	return unit_wait_end(&in->watch, 0, e);
}

static int start_session(struct inner *in, const struct shell_how *how, const char *tty,
                         struct err *e)
{
	AUTOCLOSE int slave = open_in_root(in->in.root, tty, O_RDWR | O_NOCTTY, 0, e);
	const int stdio[] = { slave, slave, slave };
	struct run_options o;

	if (slave < 0) return -1;
	session_options(&o, in->m, how, tty);
	return inner_start(in, &o, stdio, *how->argv ? how->argv : login_shell, e);
}

static int run_session(struct inner *in, int master, struct err *e)
{
	const struct terminal t = {
		.in = 0,
		.out = 1,
		.master = master,
		.hangup = HANGUP_ENDS,
		.watch = bus_fd(in->bus),
		.over = is_over,
		.arg = in,
	};
	int end = terminal_run(&t, e), sig = signal_caught();

	if (end < 0 && sig) {
		signal_forget();
		unit_kill(in->bus, in->unit, "all", SIGHUP, NULL);
		return 128 + sig;
	}
	if (end < 0) return -1;
	if (end == TERMINAL_LEFT) {
		out_note("Left %s.", in->jail);
		return 0;
	}
	return inner_wait(in, e);
}

int engine_shell(struct engine *en, const char *jail, const struct shell_how *how,
                 struct err *e)
{
	AUTOINNER struct inner in;
	AUTOCLOSE int master = -1;
	const char *tty;

	if (inner_open(&in, en, jail, how->boot_wait, e) < 0) return -1;
	if (engine_open(en, e) < 0) return -1;
	if ((master = machine_open_pty(en->bus, jail, en->m, &tty, e)) < 0) return -1;
	terminal_resize(master, 1);
	if (start_session(&in, how, tty, e) < 0) return -1;
	if (isatty(0)) out_note("Connected to %s. Press ^] three times within a second to leave.", jail);
	if (wait_fd(master, POLLIN, deadline_in(LOGIN_MS), e) < 0) return -1;
	return run_session(&in, master, e);
}
