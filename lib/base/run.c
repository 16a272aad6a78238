#include "lib/base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"

extern char **environ;

static const char *find_in(struct arena *m, const char *path, const char *name)
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
	if (path && (found = find_in(m, path, name))) return found;
	found = find_in(m, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", name);
	if (!found) fail(e, ERR_MISSING, "%s is not installed on this system", name);
	return found;
}

/* What we ignore or block ourselves must not be inherited by other programs. */
static void default_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGPIPE);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

/* Start the program; out_fd < 0: it keeps our stdin and stdout. */
static pid_t spawn(const char *path, char *const argv[], int out_fd, struct err *e)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t signals;
	pid_t pid;
	int rc;

	default_signals(&signals);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &signals);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attr, &signals);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&files);
	if (out_fd >= 0) {
		posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&files, out_fd, 1);
	}
	rc = posix_spawn(&pid, path, &files, &attr, argv, environ);
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

	if (!path || (pid = spawn(path, argv, -1, e)) < 0) return -1;
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
	pid = spawn(path, argv, pipe_fds[1], e);
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
