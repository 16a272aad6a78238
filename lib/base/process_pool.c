#include "lib/base/process_pool.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

/* A process at work, and what it works on. */
struct member {
	pid_t pid;
	size_t i;
};

struct crew {
	struct member *at_work;
	struct pollfd *ends;		/* their pidfds, in the same order */
	size_t count, next;
	int (*work)(void *arg, size_t i);
	void *arg;
	int *status;
};

static void be_member(const struct crew *c, pid_t parent)
{
	int rc = 0;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent) rc = c->work(c->arg, c->next);
	fflush(NULL);
	_exit(rc);
}

static int begin_member(struct crew *c, struct err *e)
{
	pid_t parent = getpid(), pid;
	int fd;

	/* Else every child would print what is still in the buffer. */
	fflush(NULL);
	if ((pid = fork()) < 0) return fail_sys(e, "fork");
	if (!pid) be_member(c, parent);
	if ((fd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0) {
		fail_sys(e, "watch a process");
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
		return -1;
	}
	c->at_work[c->count] = (struct member){ pid, c->next };
	c->ends[c->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	c->next++;
	return 0;
}

static void reap_member(struct crew *c, size_t k)
{
	const struct member *who = &c->at_work[k];
	int status = 0;

	while (waitpid(who->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->status[who->i] = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	close(c->ends[k].fd);
	c->count--;
	c->at_work[k] = c->at_work[c->count];
	c->ends[k] = c->ends[c->count];
}

static void reap_ended(struct crew *c)
{
	for (size_t k = c->count; k-- > 0;)
		if (c->ends[k].revents) reap_member(c, k);
}

static void terminate_all(struct crew *c)
{
	for (size_t k = 0; k < c->count; k++)
		kill(c->at_work[k].pid, SIGTERM);
	while (c->count)
		reap_member(c, c->count - 1);
}

static int run_all(struct crew *c, size_t n, size_t jobs, struct err *e)
{
	while (c->next < n || c->count) {
		if (c->next < n && c->count < jobs) {
			if (begin_member(c, e) < 0) return -1;
			continue;
		}
		if (wait_fds(c->ends, c->count, NO_DEADLINE, e) < 0) return -1;
		reap_ended(c);
	}
	return 0;
}

int process_pool_run(size_t n, size_t jobs, int (*work)(void *arg, size_t i), void *arg,
                     int *status, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct crew c = { .work = work, .arg = arg, .status = status };
	int rc;

	if (!jobs || jobs > n) jobs = n;
	c.at_work = arena_array(&m, jobs + 1, sizeof *c.at_work);
	c.ends = arena_array(&m, jobs + 1, sizeof *c.ends);
	for (size_t i = 0; i < n; i++)
		status[i] = PROCESS_NOT_BEGUN;
	rc = run_all(&c, n, jobs, e);
	if (rc < 0) terminate_all(&c);
	return rc;
}
