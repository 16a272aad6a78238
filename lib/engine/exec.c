#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/wait.h"
#include "lib/bus/runopts.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"

/* As systemd-run does: a command that writes to a terminal wants to know which. */
static void add_term(struct run_options *o)
{
	const char *term = getenv("TERM");

	if (term && (isatty(0) || isatty(1) || isatty(2)))
		words_addf(&o->environment, "TERM=%s", term);
}

static int exec_command(void *arg)
{
	char *const *argv = arg;
	static char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};

	execvpe(argv[0], argv, env);
	return 127;
}

/* A jail whose init is not systemd has nobody to ask: the command is a child of
 * ours in the jail's namespaces. */
static int exec_as_child(struct inner *in, char *const *argv, struct err *e)
{
	pid_t pid = enter_fork(&in->in, true, exec_command, (void *)argv, e);
	int status;

	if (pid < 0) return -1;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) return fail_sys(e, "wait for the command");
		if (signal_caught()) kill(pid, signal_caught());
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int engine_exec(struct engine *en, const char *jail, const struct exec_how *how, struct err *e)
{
	static const int stdio[] = { 0, 1, 2 };
	struct run_options o = {
		.description = arena_printf(en->m, "jlmkr exec %s", how->argv[0]),
		.collect = true,
		.properties.m = en->m,
		.service_type = "exec",
		.environment.m = en->m,
		.verbatim = -1,
	};
	AUTOINNER struct inner in;
	struct termios before;
	bool terminal;
	int status = -1;

	if (inner_open(&in, en, jail, how->boot_wait, e) < 0)
		return e->sys == ENOSYS ? exec_as_child(&in, how->argv, e) : -1;
	add_term(&o);
	terminal = tcgetattr(0, &before) == 0;
	if (inner_start(&in, &o, stdio, how->argv, e) == 0) status = inner_wait(&in, e);
	/* systemd resets a terminal that becomes a command's input; it is ours, in use. */
	if (terminal && tcgetpgrp(0) == getpgrp()) tcsetattr(0, TCSADRAIN, &before);
	return status;
}
