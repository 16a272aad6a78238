#include "lib/engine/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/engine/nsenter.h"
#include "lib/systemd/manager.h"

enum {
	REACH_MS = 5000,
	TRIES = 5,		/* a unit that we asked for a moment ago may not be there yet */
	STEP_NS = 100 * 1000 * 1000,
	KEEP = 6,
};

struct tty {
	int fd;			/* -1: no terminal */
	struct termios before;
};

/* -- in the guard -- */

static bool is_among(const int *list, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == fd) return true;
	return false;
}

static void close_but(const int *keep, size_t n)
{
	int last = 2;

	for (size_t i = 0; i < n; i++)
		if (keep[i] > last) last = keep[i];
	for (int fd = 0; fd <= last; fd++)
		if (!is_among(keep, n, fd)) close(fd);
	syscall(SYS_close_range, (unsigned)last + 1, ~0U, 0);
}

/* What would end our parent must not end us: it is what we are for. */
static void stand_apart(void)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTTOU };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		sigaction(list[i], &ignore, NULL);
	signal_forget();
	setsid();
	prctl(PR_SET_NAME, "jlmkr-guard");
	if (chdir("/") < 0) return;
}

static void restore(const struct tty *t)
{
	struct termios now;

	if (t->fd < 0 || tcgetattr(t->fd, &now) < 0) return;
	if (now.c_iflag == t->before.c_iflag && now.c_oflag == t->before.c_oflag &&
	    now.c_lflag == t->before.c_lflag && now.c_cflag == t->before.c_cflag)
		return;
	tcsetattr(t->fd, TCSANOW, &t->before);
}

static void stop(const struct nsenter *in, const char *unit)
{
	const struct timespec step = { .tv_nsec = STEP_NS };
	struct err e = { 0 };
	struct bus *b = nsenter_bus(in, deadline_in(REACH_MS), &e);
	struct unit_watch uw;

	if (!b || unit_watch(&uw, b, unit, &e) < 0) return;
	for (int i = 0; i < TRIES && unit_stop(&uw, &e) < 0 && e.kind == ERR_MISSING; i++)
		nanosleep(&step, NULL);
}

static _Noreturn void stand_guard(int alive, const struct tty *tty, const struct nsenter *in,
                                  const char *unit)
{
	int keep[KEEP] = { alive, tty[0].fd, tty[1].fd, in->pidfd, in->proc, in->root };
	char word;
	ssize_t n;

	stand_apart();
	close_but(keep, KEEP);
	do {
		n = read(alive, &word, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1) _exit(0);
	restore(&tty[0]);
	restore(&tty[1]);
	stop(in, unit);
	_exit(0);
}

/* -- in who is guarded -- */

/* Above 2: what a guard closes first. */
static void tty_take(struct tty *t, int fd)
{
	t->fd = tcgetattr(fd, &t->before) == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
}

static void tty_drop(struct tty *t)
{
	if (t->fd >= 0) close(t->fd);
}

int watchdog_start(struct watchdog *g, const struct nsenter *in, const char *unit,
                   struct err *e)
{
	struct tty tty[2];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	tty_take(&tty[0], 0);
	tty_take(&tty[1], 1);
	g->pid = fork();
	if (g->pid == 0) stand_guard(ends[0], tty, in, unit);
	if (g->pid < 0) fail_sys(e, "fork");
	tty_drop(&tty[0]);
	tty_drop(&tty[1]);
	close(ends[0]);
	g->alive = ends[1];
	if (g->pid > 0) return 0;
	close(ends[1]);
	g->pid = 0;
	return -1;
}

void watchdog_leave(struct watchdog *g)
{
	if (g->pid) close(g->alive);
	g->pid = 0;
}

void watchdog_dismiss(struct watchdog *g)
{
	pid_t pid = g->pid;
	bool told;

	if (!pid) return;
	told = write(g->alive, "", 1) == 1;
	watchdog_leave(g);
	while (told && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
