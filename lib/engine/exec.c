#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/stand_in.h"
#include "lib/engine/terminal.h"
#include "lib/systemd/run_options.h"

/* As systemd-run does: a command that writes to a terminal wants to know which. */
static void add_term(struct run_options *o)
{
	const char *term = getenv("TERM");

	if (term && (isatty(0) || isatty(1) || isatty(2)))
		words_addf(&o->environment, "TERM=%s", term);
}

static void exec_options(struct run_options *o, struct arena *m, const struct exec_how *how)
{
	struct words p = { .m = m }, env = { .m = m };

	words_add(&p, "IgnoreSIGPIPE=no");
	if (how->cwd) words_addf(&p, "WorkingDirectory=%s", how->cwd);
	*o = (struct run_options){
		.description = arena_printf(m, "jlmkr exec %s", how->argv[0]),
		.collect = true,
		.properties = p,
		.service_type = "exec",
		.uid = how->user,
		.environment = env,
		.verbatim = -1,
	};
	add_term(o);
	for (char *const *v = how->env; v && *v; v++)
		env_put(&o->environment, *v);
}

/* A terminal's keys still signal us, and we hand the signal on: nobody has the pty as the
 * terminal of his session. */
static int exec_plain(struct jail_unit *in, const struct run_options *o, char *const *argv,
                      struct err *e)
{
	int stdio[] = { 0, 1, 2 };
	AUTOSTANDIN struct stand_in s;
	struct terminal t = { .hangup = HANGUP_PASSES, .keys_signal = true };

	if (stand_in_open(&s, stdio, e) < 0 || jail_unit_start(in, o, stdio, argv, e) < 0) return -1;
	stand_in_hand_over(&s);
	if (s.master < 0) return jail_unit_wait(in, e);
	t.in = s.in;
	t.out = s.out;
	t.master = s.master;
	return jail_unit_run_terminal(in, &t, e);
}

int engine_exec(struct engine *en, const struct jail *j, const struct exec_how *how, struct err *e)
{
	AUTOJAILUNIT struct jail_unit in;
	struct run_options o;

	if (jail_unit_open(&in, en, j, how->boot_wait, e) < 0)
		return e->sys == ENOSYS ? exec_as_guest(&in, how, e) : -1;
	in.user = how->user;
	in.cwd = how->cwd;
	exec_options(&o, en->m, how);
	if (how->tty && isatty(0) && isatty(1))
		return jail_unit_run_pty(&in, en, &o, how->argv, false, e);
	return exec_plain(&in, &o, how->argv, e);
}
