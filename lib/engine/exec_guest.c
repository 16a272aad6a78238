/* A jail whose init is not systemd has nobody to ask: the command is a child of ours in it. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/inside.h"
#include "lib/engine/stand_in.h"
#include "lib/engine/terminal.h"
#include "lib/systemd/run_options.h"
#include "lib/text/passwd.h"

enum { CANNOT_RUN = 126, KILLED_MS = 5000 };

/* A command under way. */
struct running_guest {
	struct guest guest;
	int pidfd;
	int sig_count;
};

static void add_login(struct words *env, const struct passwd_line *line)
{
	words_addf(env, "USER=%s", line->name);
	words_addf(env, "LOGNAME=%s", line->name);
	words_addf(env, "HOME=%s", line->home);
	words_addf(env, "SHELL=%s", *line->shell ? line->shell : "/bin/sh");
}

/* systemd knows root without reading passwd(5), and so do we. */
static const struct passwd_line root_login = {
	.name = "root", .home = "/root", .shell = "/bin/sh",
};

/* What only a systemd can do. */
static int check_guest_options(const struct jail_unit *in, const struct run_options *more,
                               struct err *e)
{
	const char *option = NULL;

	if (!more) return 0;
	if (more->properties.n) option = "--property";
	if (more->gid) option = "--gid";
	if (more->nice_set) option = "--nice";
	if (more->slice) option = "--slice";
	if (!option) return 0;
	return fail(e, ERR_HOST,
	            "%s needs systemd in the jail, and the init of %s is not systemd", option,
	            in->jail);
}

static int become(struct inside *what, const struct jail_unit *in, const char *user,
                  struct words *env, struct err *e)
{
	struct passwd_line line;
	int rc = passwd_read(in, user, &line, e);

	if (rc < 0) return fail_in(e, "%s", in->jail);
	if (rc == 0) return fail(e, ERR_HOST, "%s has no user %s", in->jail, user);
	what->uid = line.uid;
	what->gid = line.gid;
	add_login(env, &line);
	if (str_eq(what->cwd, "~")) what->cwd = arena_strdup(in->m, line.home);
	return 0;
}

static int describe(struct inside *what, const struct jail_unit *in, const struct exec_how *how,
                    bool terminal, struct err *e)
{
	struct words env = { .m = in->m };
	const char *term = getenv("TERM");

	what->argv = how->argv;
	what->cwd = how->cwd ? how->cwd : "/";
	words_add(&env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	if (terminal && term) words_addf(&env, "TERM=%s", term);
	if (!how->user) add_login(&env, &root_login);
	else if (become(what, in, how->user, &env, e) < 0) return -1;
	if (str_eq(what->cwd, "~")) what->cwd = "/root";
	for (char *const *v = how->env; v && *v; v++)
		env_put(&env, *v);
	what->env = words_list(&env);
	return 0;
}

/* The first signal goes to the command, a second one ends it. */
static int signalled(void *arg, int sig, struct err *e)
{
	struct running_guest *g = arg;

	(void)e;
	kill(g->guest.pid, g->sig_count++ ? SIGKILL : sig);
	return 0;
}

static int guest_is_over(void *arg, struct err *e)
{
	struct running_guest *g = arg;
	struct pollfd p = { .fd = g->pidfd, .events = POLLIN };

	(void)e;
	return poll(&p, 1, 0) > 0;
}

/* One that hangs in a file system of the jail is not ended by SIGKILL either. */
static int wait_guest_end(struct running_guest *g, struct err *e)
{
	int rc;

	do {
		rc = wait_fd(g->pidfd, POLLIN,
		             g->sig_count > 1 ? deadline_in(KILLED_MS) : NO_DEADLINE, e);
		if (rc < 0 && e->kind != ERR_INTERRUPTED) return -1;
		if (rc < 0) {
			signalled(g, signal_caught(), e);
			signal_forget();
		}
	} while (rc < 0);
	return rc ? 0 : fail(e, ERR_HOST, "the command was killed, but does not end");
}

static int tell(const struct jail_unit *in, const struct inside *what, enum inside_step step,
                int why, int status, struct err *e)
{
	switch (step) {
	case INSIDE_NO_FOLDER:
		errno = why;
		return fail_sys(e, "%s has no such folder to run the command in: %s", in->jail,
		                what->cwd);
	case INSIDE_NO_COMMAND:
		if (why == ENOENT || why == ENOTDIR)
			return diagnose_no_command(in, what->argv[0]);
		out_warn("%s cannot be run in %s: %s", what->argv[0], in->jail, strerror(why));
		return CANNOT_RUN;
	case INSIDE_ORPHANED: case INSIDE_RAN:
		break;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int finish(struct running_guest *g, const struct jail_unit *in,
                  const struct inside *what, struct err *e)
{
	int status = 0, why;
	enum inside_step step;

	if (wait_guest_end(g, e) < 0) return -1;
	if (waitpid(g->guest.pid, &status, 0) < 0) return fail_sys(e, "wait for the command");
	step = inside_end(&g->guest, &why);
	return tell(in, what, step, why, status, e);
}

/* On a pty that is the command's own terminal: ^C is for it to understand. */
static int converse(struct running_guest *g, const struct stand_in *s, struct err *e)
{
	struct terminal t = {
		.in = s->in,
		.out = s->out,
		.master = s->master,
		.hangup = HANGUP_PASSES,
		.watch = g->pidfd,
		.over = guest_is_over,
		.signalled = signalled,
		.arg = g,
	};

	return s->master < 0 ? 0 : terminal_run(&t, e);
}

static int run(struct jail_unit *in, struct inside *what, struct stand_in *s, struct err *e)
{
	struct running_guest g = { .pidfd = -1 };
	AUTOCLOSE int pidfd = -1;

	what->terminal = s->master >= 0;
	if (inside_start(&g.guest, &in->in, what, e) < 0) return fail_in(e, "%s", in->jail);
	stand_in_hand_over(s);
	g.pidfd = pidfd = (int)syscall(SYS_pidfd_open, g.guest.pid, 0);
	if (pidfd < 0) return fail_sys(e, "watch the command");
	return converse(&g, s, e) < 0 ? -1 : finish(&g, in, what, e);
}

int exec_as_guest(struct jail_unit *in, const struct exec_how *how, struct err *e)
{
	int stdio[] = { 0, 1, 2 };
	struct inside what = { .stdio = stdio };
	AUTOSTANDIN struct stand_in s = { .master = -1, .slave = -1 };

	in->over = true;
	if (check_guest_options(in, how->more, e) < 0) return -1;
	if (stand_in_open(&s, stdio, e) < 0 || describe(&what, in, how, s.master >= 0, e) < 0)
		return -1;
	return run(in, &what, &s, e);
}
