#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

int exec_how_read(struct exec_how *how, struct arena *m, char *const *words, struct err *e)
{
	struct run_options *o = arena_alloc(m, sizeof *o);
	size_t n = run_options_lead(o, m, words);
	struct words env = { .m = m };

	if (o->faults.n) return fail(e, ERR_USAGE, "%s", o->faults.v[0].text);
	if (o->uid) how->user = o->uid;
	if (o->working_directory) how->cwd = o->working_directory;
	how->tty |= o->pty;
	for (char *const *v = how->env; v && *v; v++)
		env_put(&env, *v);
	for (char *const *v = words_list(&o->environment); *v; v++)
		env_put(&env, *v);
	how->env = words_list(&env);
	how->more = o;
	return (int)n;
}

static void exec_options(struct run_options *o, struct arena *m, const struct exec_how *how)
{
	static const struct run_options none = { .n = 0 };
	const struct run_options *more = how->more ? how->more : &none;
	struct words p = { .m = m }, env = { .m = m };

	words_add(&p, "IgnoreSIGPIPE=no");
	/* With a user come HOME, USER, LOGNAME and SHELL; what stands later counts more. */
	if (!run_options_set(more, "DynamicUser")) words_add(&p, "User=root");
	if (how->cwd) words_addf(&p, "WorkingDirectory=%s", how->cwd);
	for (size_t i = 0; i < more->properties.n; i++)
		words_add(&p, more->properties.v[i]);
	*o = (struct run_options){
		.description = more->description
		                       ? more->description
		                       : arena_printf(m, "jlmkr exec %s", how->argv[0]),
		.collect = true,
		.properties = p,
		.slice = more->slice,
		.service_type = "exec",
		.uid = how->user,
		.gid = more->gid,
		.nice_set = more->nice_set,
		.nice = more->nice,
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

	if (stand_in_open(&s, stdio, e) < 0 || jail_unit_start(in, o, stdio, argv, e) < 0)
		return -1;
	stand_in_hand_over(&s);
	if (s.master < 0) return jail_unit_wait(in, e);
	t.in = s.in;
	t.out = s.out;
	t.master = s.master;
	return jail_unit_run_terminal(in, &t, e);
}

/* systemd takes the name of a program, or its whole path. */
static bool may_be_program(const char *word)
{
	return *word == '/' ||
	       (*word && !strchr(word, '/') && !str_eq(word, ".") && !str_eq(word, ".."));
}

int engine_exec(struct engine *en, const struct jail *j, const struct exec_how *how,
                struct err *e)
{
	AUTOJAILUNIT struct jail_unit in;
	struct run_options o;

	if (jail_unit_open(&in, en, j, how->boot_wait, e) < 0)
		return e->sys == ENOSYS ? exec_as_guest(&in, how, e) : -1;
	in.user = how->user;
	in.cwd = how->cwd;
	if (!may_be_program(how->argv[0])) return diagnose_no_command(&in, how->argv[0]);
	exec_options(&o, en->m, how);
	if (how->tty && isatty(0) && isatty(1))
		return jail_unit_run_pty(&in, en, &o, how->argv, false, e);
	return exec_plain(&in, &o, how->argv, e);
}
