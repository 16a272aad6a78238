/* The signals are blocked from the check of the flag until ppoll, which unblocks
 * them only while it sleeps. So a signal that comes in between ends the wait. */

#include "lib/base/wait.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "lib/base/err.h"

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t deadline_in(int64_t ms)
{
	return now_ms() + ms;
}

int64_t deadline_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t deadline_left(int64_t deadline)
{
	int64_t left;

	if (deadline == NO_DEADLINE) return INT64_MAX;
	left = deadline - now_ms();
	return left > 0 ? left : 0;
}

static void caught_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGQUIT);
}

void signals_catch(void)
{
	struct sigaction catch = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &catch, NULL);
	sigaction(SIGTERM, &catch, NULL);
	sigaction(SIGHUP, &catch, NULL);
	sigaction(SIGQUIT, &catch, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int signal_caught(void)
{
	return caught;
}

void signal_forget(void)
{
	caught = 0;
}

int check_signal(struct err *e)
{
	return caught ? fail(e, ERR_INTERRUPTED, "interrupted") : 0;
}

static int poll_once(struct pollfd *fds, nfds_t n, int64_t deadline, const sigset_t *mask)
{
	int64_t left = deadline_left(deadline);
	struct timespec t = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };

	return ppoll(fds, n, deadline == NO_DEADLINE ? NULL : &t, mask);
}

int wait_fds(struct pollfd *fds, nfds_t n, int64_t deadline, struct err *e)
{
	sigset_t block, before;
	int ready;

	caught_set(&block);
	sigprocmask(SIG_BLOCK, &block, &before);
	do {
		ready = caught ? -1 : poll_once(fds, n, deadline, &before);
	} while (ready < 0 && !caught && errno == EINTR);
	if (ready < 0 && !caught) fail_sys(e, "poll");
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ready < 0 && caught ? check_signal(e) : ready;
}

int wait_fd(int fd, short events, int64_t deadline, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = events };

	return wait_fds(&p, 1, deadline, e);
}
