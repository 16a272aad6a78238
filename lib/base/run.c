#include "lib/base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"

#define ADMIN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

void run_clean_path(void)
{
	AUTOFREE struct arena m = { 0 };
	const char *path = getenv("PATH");
	struct str clean = { .m = &m };

	for (; path && *path; path += strspn(path, ":")) {
		size_t n = strcspn(path, ":");

		if (*path == '/')
			str_addf(&clean, "%s%.*s", clean.len ? ":" : "", (int)n, path);
		path += n;
	}
	/* An empty PATH means the working directory, too. */
	if (clean.len) setenv("PATH", clean.s, 1);
	else unsetenv("PATH");
}

static const char *find_in_path(struct arena *m, const char *path, const char *name)
{
	while (*path) {
		size_t n = strcspn(path, ":");
		const char *try = arena_printf(m, "%.*s/%s", (int)n, path, name);

		if (n && access(try, X_OK) == 0) return try;
		path += n + (path[n] == ':');
	}
	return NULL;
}

const char *run_find(struct arena *m, const char *name, struct err *e)
{
	const char *path = getenv("PATH"), *found;

	if (strchr(name, '/')) {
		if (access(name, X_OK) == 0) return name;
		return fail(e, ERR_MISSING, "%s: %s", name, strerror(errno)), NULL;
	}
	if (path && (found = find_in_path(m, path, name))) return found;
	found = find_in_path(m, ADMIN_PATH, name);
	if (!found) fail(e, ERR_MISSING, "%s is not installed on this system", name);
	return found;
}

/* Other programs must not inherit the signals that we ignore. A program whose output we read
 * is the exception: it ignores SIGPIPE, so that it completes its work even if we are killed. */
static void default_signals(sigset_t *set, bool is_read)
{
	sigemptyset(set);
	if (!is_read) sigaddset(set, SIGPIPE);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

/* Start the program. With out_fd < 0 it keeps our stdin and stdout, with err_fd < 0 our stderr.
 * A program whose stderr we read gets a process group of its own, so that ^C does not reach
 * it. */
static pid_t spawn(const char *path, char *const argv[], int out_fd, int err_fd,
                   char *const env[], struct err *e)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t signals;
	pid_t pid;
	int rc;

	default_signals(&signals, err_fd >= 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &signals);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attr, &signals);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
	                                (err_fd >= 0 ? POSIX_SPAWN_SETPGROUP : 0));
	posix_spawn_file_actions_init(&files);
	if (out_fd >= 0) {
		posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&files, out_fd, 1);
	}
	if (err_fd >= 0) posix_spawn_file_actions_adddup2(&files, err_fd, 2);
	rc = posix_spawn(&pid, path, &files, &attr, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (!rc) return pid;
	errno = rc;
	return fail_sys(e, "run %s", path);
}

static int reap(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) return fail_sys(e, "wait for a program");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_wait(char *const argv[], struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *path = run_find(&m, argv[0], e);
	pid_t pid;

	if (!path || (pid = spawn(path, argv, -1, -1, environ, e)) < 0) return -1;
	return reap(pid, e);
}

int run_replace(char *const argv[], struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *path = run_find(&m, argv[0], e);
	struct sigaction plain = { .sa_handler = SIG_DFL };

	if (!path) return -1;
	sigaction(SIGPIPE, &plain, NULL);
	execv(path, argv);
	return fail_sys(e, "run %s", path);
}

static int collect(int fd, struct str *text, unsigned limit, struct err *e)
{
	char buf[4096];
	ssize_t n;

	for (;;) {
		if (wait_fd(fd, POLLIN, NO_DEADLINE, e) < 0) return -1;
		n = read(fd, buf, sizeof buf);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return n < 0 ? fail_sys(e, "read") : 0;
		if (text->len + (size_t)n > limit) n = (ssize_t)(limit - text->len);
		str_addn(text, buf, (size_t)n);
	}
}

char *run_output(struct arena *m, char *const argv[], unsigned limit, struct err *e)
{
	struct str text = { .m = m };
	const char *path = run_find(m, argv[0], e);
	AUTOCLOSE int out = -1;
	int pipe_fds[2], status;
	pid_t pid;

	if (!path) return NULL;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) return fail_sys(e, "pipe"), NULL;
	out = pipe_fds[0];
	pid = spawn(path, argv, pipe_fds[1], -1, environ, e);
	close(pipe_fds[1]);
	if (pid < 0) return NULL;
	if (collect(out, &text, limit, e) < 0) {
		kill(pid, SIGTERM);
		reap(pid, NULL);
		return NULL;
	}
	if ((status = reap(pid, e)) < 0) return NULL;
	if (status) return fail(e, ERR_HOST, "%s ended with status %d", argv[0], status), NULL;
	return text.s ? text.s : arena_strdup(m, "");
}

/* A program that may not end by itself: its output, and its end. */
struct ward {
	struct pollfd fds[3];		/* its stdout, its stderr, itself */
	struct str text[2];
	unsigned limit;
};

static void read_ward(struct ward *w, int i)
{
	char buf[4096];
	ssize_t n = read(w->fds[i].fd, buf, sizeof buf);
	struct str *text = &w->text[i];

	if (n < 0 && errno == EINTR) return;
	if (n <= 0) {
		w->fds[i].fd = -1 - w->fds[i].fd;
		return;
	}
	if (text->len + (size_t)n > w->limit) n = (ssize_t)(w->limit - text->len);
	str_addn(text, buf, (size_t)n);
}

/* Without a deadline a caught signal does not end the wait either. */
static int wait_ward(struct ward *w, int64_t deadline, struct err *e)
{
	int rc;

	if (deadline != NO_DEADLINE) return wait_fds(w->fds, 3, deadline, e);
	while ((rc = poll(w->fds, 3, -1)) < 0 && errno == EINTR)
		;
	return rc < 0 ? fail_sys(e, "poll") : rc;
}

/* Runs until the program has ended and both pipes are empty, even if other processes still
 * have the pipes. */
static int attend(struct ward *w, int64_t deadline, struct err *e)
{
	for (;;) {
		int rc = wait_ward(w, deadline, e);

		if (rc < 0) return -1;
		if (rc == 0) return fail(e, ERR_HOST, "timed out");
		if (!w->fds[0].revents && !w->fds[1].revents) return 0;
		for (int i = 0; i < 2; i++)
			if (w->fds[i].revents) read_ward(w, i);
	}
}

/* The message is what it printed on stderr, its lines joined by "; ". */
static int fail_ended(const struct ward *w, const char *name, int status, struct err *e)
{
	struct str said = { .m = w->text[1].m };

	for (const char *s = str_text(&w->text[1]); *s; s += strcspn(s, "\n"), s += *s == '\n')
		if (*s != '\n')
			str_addf(&said, "%s%.*s", said.len ? "; " : "", (int)strcspn(s, "\n"),
			         s);
	if (said.len) return fail(e, ERR_HOST, "%s: %.500s", name, said.s);
	return fail(e, ERR_HOST, "%s ended with status %d", name, status);
}

static char *attend_to_end(struct ward *w, const char *name, pid_t pid, int64_t deadline,
                           struct err *e)
{
	int status;

	w->fds[2].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	w->fds[2].events = POLLIN;
	if (w->fds[2].fd < 0 || attend(w, deadline, e) < 0) {
		if (w->fds[2].fd < 0) fail_sys(e, "watch a program");
		else close(w->fds[2].fd);
		/* It may be stuck in the kernel, so do not wait for its end. */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
		return fail_in(e, "%s", name), NULL;
	}
	close(w->fds[2].fd);
	if ((status = reap(pid, e)) < 0) return NULL;
	if (status) return fail_ended(w, name, status, e), NULL;
	return w->text[0].s ? w->text[0].s : arena_strdup(w->text[0].m, "");
}

char *run_strange(struct arena *m, char *const argv[], unsigned limit, int64_t deadline,
                  struct err *e)
{
	static char *const env[] = {
		"PATH=" ADMIN_PATH, "LC_ALL=C", NULL
	};
	struct ward w = { .text = { { .m = m }, { .m = m } }, .limit = limit };
	const char *path = run_find(m, argv[0], e);
	int out[2], err[2];
	char *text = NULL;
	pid_t pid;

	if (!path) return NULL;
	if (pipe2(out, O_CLOEXEC) < 0) return fail_sys(e, "pipe"), NULL;
	if (pipe2(err, O_CLOEXEC) < 0) {
		fail_sys(e, "pipe");
		close(out[0]);
		close(out[1]);
		return NULL;
	}
	pid = spawn(path, argv, out[1], err[1], env, e);
	close(out[1]);
	close(err[1]);
	w.fds[0] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	w.fds[1] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	if (pid >= 0) text = attend_to_end(&w, argv[0], pid, deadline, e);
	close(out[0]);
	close(err[0]);
	return text;
}
