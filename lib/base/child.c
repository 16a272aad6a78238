#include "lib/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/run.h"

extern char **environ;

/* Fewer turns for as many bytes; what the kernel gives will do. */
enum { ROOM = 1 << 20 };

/* The ends of the child. */
struct ends {
	int fds[3];
};

static void close_ends(const struct ends *t)
{
	for (int i = 0; i < 3; i++)
		if (t->fds[i] >= 0) close(t->fds[i]);
}

static int make_pipe(int *ours, int *theirs, bool is_in, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	fcntl(fds[0], F_SETPIPE_SZ, ROOM);
	*ours = fds[is_in ? 1 : 0];
	*theirs = fds[is_in ? 0 : 1];
	return 0;
}

static int make_socket(int *ours, int *theirs, struct err *e)
{
	const int half = ROOM / 2;	/* the kernel doubles it */
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return fail_sys(e, "socketpair");
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &half, sizeof half);
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}

static int make_pipes(const struct child_how *how, struct child *c, struct ends *t,
                      struct err *e)
{
	if (how->in_socket && make_socket(&c->in, &t->fds[0], e) < 0) return -1;
	if (how->in && make_pipe(&c->in, &t->fds[0], true, e) < 0) return -1;
	if (how->out && make_pipe(&c->out, &t->fds[1], false, e) < 0) return -1;
	return how->err ? make_pipe(&c->err, &t->fds[2], false, e) : 0;
}

/* -- in the child, which has memory of its own -- */

static int become(const struct passwd *as)
{
	if (!as) return 0;
	if (initgroups(as->pw_name, as->pw_gid) < 0 || setgid(as->pw_gid) < 0) return -1;
	if (setuid(as->pw_uid) < 0) return -1;
	setenv("HOME", as->pw_dir, 1);
	setenv("USER", as->pw_name, 1);
	setenv("LOGNAME", as->pw_name, 1);
	return 0;
}

static void plain_signals(void)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	static const int signals[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t none;

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void place(int fd, int at)
{
	if (fd < 0 && at < 2) fd = open("/dev/null", at ? O_WRONLY : O_RDONLY);
	if (fd >= 0) dup2(fd, at);
}

_Noreturn static void be_child(const char *path, const struct child_how *how,
                               const struct ends *t)
{
	static char *const strange[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C", NULL
	};

	if (how->strange) setpgid(0, 0);
	for (int i = 0; i < 3; i++)
		place(t->fds[i], i);
	plain_signals();
	if (become(how->as) == 0) execve(path, how->argv, how->strange ? strange : environ);
	_exit(127);
}

/* -- here -- */

int child_start(struct arena *m, const struct child_how *how, struct child *c, struct err *e)
{
	const char *path = run_find(m, how->argv[0], e);
	struct ends t = { { -1, -1, -1 } };
	int rc = -1;

	*c = (struct child)NO_CHILD;
	c->name = how->argv[0];
	if (path && make_pipes(how, c, &t, e) == 0) {
		c->pid = fork();
		if (c->pid == 0) be_child(path, how, &t);
		rc = c->pid < 0 ? fail_sys(e, "fork") : 0;
	}
	close_ends(&t);
	if (rc < 0) c->pid = 0, child_drop(c);
	return rc;
}

/* ^C reaches the parent, too, and what that does then ends this. */
_Noreturn static void be_fork(child_work *work, void *arg, const struct child *c,
                              const struct ends *t, pid_t parent)
{
	struct err e = { 0 };

	/* Else it would never notice that nobody reads what it writes. */
	close(c->out);
	close(c->err);
	plain_signals();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) _exit(1);
	if (work(arg, t->fds[1], &e) == 0) _exit(0);
	_exit(write(t->fds[2], e.text, strlen(e.text)) < 0 ? 2 : 1);
}

int child_fork(const char *name, child_work *work, void *arg, struct child *c, struct err *e)
{
	const struct child_how how = { .out = true, .err = true };
	struct ends t = { { -1, -1, -1 } };
	pid_t parent = getpid();
	int rc = -1;

	*c = (struct child)NO_CHILD;
	c->name = name;
	if (make_pipes(&how, c, &t, e) == 0) {
		c->pid = fork();
		if (c->pid == 0) be_fork(work, arg, c, &t, parent);
		rc = c->pid < 0 ? fail_sys(e, "fork") : 0;
	}
	close_ends(&t);
	if (rc < 0) c->pid = 0, child_drop(c);
	return rc;
}

static void close_pipe(int *fd)
{
	if (*fd >= 0) close(take_fd(fd));
}

static int reap(struct child *c)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void read_rest(int fd, char *said, unsigned room)
{
	unsigned n = 0;
	char more[512];
	ssize_t got;

	while ((got = read(fd, more, sizeof more)) > 0 || (got < 0 && errno == EINTR))
		for (ssize_t i = 0; i < got && n + 1 < room; i++)
			said[n++] = more[i];
	said[n] = 0;
}

int child_end(struct child *c, char *said, unsigned room)
{
	close_pipe(&c->in);
	close_pipe(&c->out);
	if (said) *said = 0;
	if (c->err >= 0 && said) read_rest(c->err, said, room);
	close_pipe(&c->err);
	return c->pid ? reap(c) : 0;
}

void child_drop(struct child *c)
{
	if (c->pid) kill(c->pid, SIGTERM);
	child_end(c, NULL, 0);
}
