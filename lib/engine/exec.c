#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
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

/* What the child needs, found out before it is born: there it may not ask for memory. */
struct command {
	char *const *argv, *const *env;
	const char *cwd;
	bool as_user;
	uid_t uid;
	gid_t gid;
	int alive[2];		/* a pipe that ends with us */
};

enum { CANNOT = 125, NOT_FOUND = 127, PASSWD_BYTES = 1024 * 1024 };

/* The end of who started us ends us, also when it came before we could ask for that;
 * to be asked for last, because a change of user takes it back. */
static bool end_with_parent(const struct command *c)
{
	struct pollfd p = { .fd = c->alive[0], .events = POLLIN };

	close(c->alive[1]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return poll(&p, 1, 0) == 0;
}

/* Nobody else can say it any more, and buffers are the parent's. */
static int say(const char *text, int status)
{
	return write(STDERR_FILENO, text, strlen(text)) < 0 ? CANNOT : status;
}

static int exec_command(void *arg)
{
	const struct command *c = arg;

	if (c->as_user && (setgroups(0, NULL) < 0 || setresgid(c->gid, c->gid, c->gid) < 0 ||
	                   setresuid(c->uid, c->uid, c->uid) < 0))
		return say("jlmkr exec: the jail does not let us become that user\n", CANNOT);
	if (!end_with_parent(c)) return CANNOT;
	if (chdir(c->cwd ? c->cwd : "/") < 0)
		return say("jlmkr exec: the jail has no such folder to run the command in\n", CANNOT);
	execvpe(c->argv[0], c->argv, c->env);
	return say("jlmkr exec: there is no such command in the jail, or it cannot be run\n", NOT_FOUND);
}

/* The fields of a line of passwd(5). */
static bool passwd_line(char *line, char *field[7])
{
	for (int i = 0; i < 7; i++) {
		field[i] = line;
		line += strcspn(line, ":");
		if (!*line && i < 6) return false;
		if (*line) *line++ = 0;
	}
	return true;
}

bool passwd_find(char *text, const char *user, char *field[7])
{
	char *next;

	for (; *text; text = next) {
		next = text + strcspn(text, "\n");
		if (*next) *next++ = 0;
		if (passwd_line(text, field) && (str_eq(field[0], user) || str_eq(field[2], user)))
			return true;
	}
	return false;
}

static int become(struct command *c, struct inner *in, const char *user, struct words *env,
                  struct err *e)
{
	char *text = read_in_root(in->m, in->in.root, "/etc/passwd", PASSWD_BYTES, e), *field[7];

	if (!text) return -1;
	if (!passwd_find(text, user, field))
		return fail(e, ERR_HOST, "%s has no user %s", in->jail, user);
	c->as_user = true;
	c->uid = (uid_t)strtoul(field[2], NULL, 10);
	c->gid = (gid_t)strtoul(field[3], NULL, 10);
	words_addf(env, "USER=%s", field[0]);
	words_addf(env, "LOGNAME=%s", field[0]);
	words_addf(env, "HOME=%s", field[5]);
	words_addf(env, "SHELL=%s", *field[6] ? field[6] : "/bin/sh");
	if (c->cwd && str_eq(c->cwd, "~")) c->cwd = arena_strdup(in->m, field[5]);
	return 0;
}

/* The first signal goes to the command, a second one ends it. */
static int wait_child(pid_t pid, struct err *e)
{
	AUTOCLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int status, count = 0;

	if (pidfd < 0) return fail_sys(e, "watch the command");
	while (wait_fd(pidfd, POLLIN, NO_DEADLINE, e) < 0) {
		if (e->kind != ERR_INTERRUPTED) return -1;
		kill(pid, count++ ? SIGKILL : signal_caught());
		signal_forget();
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) return fail_sys(e, "wait for the command");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A jail whose init is not systemd has nobody to ask: the command is a child of
 * ours in the jail's namespaces. */
static int exec_as_child(struct inner *in, const struct exec_how *how, struct err *e)
{
	struct words env = { .m = in->m };
	struct command c = { .argv = how->argv, .cwd = how->cwd };
	pid_t pid;
	int status;

	in->over = true;
	words_add(&env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	if (!how->user && c.cwd && str_eq(c.cwd, "~")) c.cwd = "/root";
	if (how->user && become(&c, in, how->user, &env, e) < 0) return -1;
	for (char *const *v = how->env; v && *v; v++)
		env_put(&env, *v);
	c.env = words_list(&env);
	if (pipe2(c.alive, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	pid = enter_fork(&in->in, true, exec_command, &c, e);
	status = pid < 0 ? -1 : wait_child(pid, e);
	close(c.alive[0]);
	close(c.alive[1]);
	return status;
}

static void exec_options(struct run_options *o, struct arena *m, const struct exec_how *how)
{
	struct words p = { .m = m }, env = { .m = m };

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

/* systemd resets a terminal that becomes a command's input; it is ours, in use. */
static int exec_plain(struct inner *in, const struct run_options *o, char *const *argv,
                      struct err *e)
{
	static const int stdio[] = { 0, 1, 2 };
	struct termios before;
	bool terminal = tcgetattr(0, &before) == 0;
	int status = -1;

	if (inner_start(in, o, stdio, argv, e) == 0) status = inner_wait(in, e);
	if (terminal && tcgetpgrp(0) == getpgrp()) tcsetattr(0, TCSADRAIN, &before);
	return status;
}

int engine_exec(struct engine *en, const char *jail, const struct exec_how *how, struct err *e)
{
	AUTOINNER struct inner in;
	struct run_options o;

	if (inner_open(&in, en, jail, how->boot_wait, e) < 0)
		return e->sys == ENOSYS ? exec_as_child(&in, how, e) : -1;
	in.user = how->user;
	in.cwd = how->cwd;
	exec_options(&o, en->m, how);
	if (how->tty && isatty(0) && isatty(1))
		return inner_run_pty(&in, en, &o, how->argv, false, e);
	return exec_plain(&in, &o, how->argv, e);
}
