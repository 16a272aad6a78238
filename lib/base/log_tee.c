#include "lib/base/log_tee.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"

static void ignore_signals(void)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		sigaction(list[i], &ignore, NULL);
	signal_forget();
}

static void write_limited(int file, const char *data, size_t n, size_t *left)
{
	static const char cut[] = "\n(the rest is not kept)\n";

	if (n <= *left) {
		*left -= n;
		write_all(file, data, n, NULL);
	} else if (*left) {
		write_all(file, data, *left, NULL);
		write_all(file, cut, sizeof cut - 1, NULL);
		*left = 0;
	}
}

/* Runs until no process has the pipe open for writing, or until the pipe is empty after
 * log_tee_end, whatever other processes still have it. */
static _Noreturn void copy_until_end(int from, int end, int file, size_t left)
{
	struct pollfd p[2] = { { .fd = from, .events = POLLIN },
	                       { .fd = end, .events = POLLIN } };
	char buf[4096];
	ssize_t n;

	ignore_signals();
	for (;;) {
		if (wait_fds(p, 2, NO_DEADLINE, NULL) < 0) break;
		if (p[0].revents) {
			if ((n = read(from, buf, sizeof buf)) <= 0) break;
			write_limited(file, buf, (size_t)n, &left);
			out_relay(buf, (size_t)n);
		} else if (p[1].revents) {
			break;
		}
	}
	out_relay("", 0);
	_exit(0);
}

int log_tee_begin(struct log_tee *r, int file, size_t limit, struct err *e)
{
	int data[2], end[2];

	*r = (struct log_tee){ .in = -1, .end = -1 };
	if (pipe2(data, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	if (pipe2(end, O_CLOEXEC) < 0) {
		fail_sys(e, "pipe");
		goto undo_data;
	}
	if ((r->pid = fork()) == 0) {
		close(data[1]);
		close(end[1]);
		copy_until_end(data[0], end[0], file, limit);
	}
	if (r->pid < 0) {
		fail_sys(e, "fork");
		goto undo_end;
	}
	close(data[0]);
	close(end[0]);
	r->in = data[1];
	r->end = end[1];
	return 0;
undo_end:
	r->pid = 0;
	close(end[0]);
	close(end[1]);
undo_data:
	close(data[0]);
	close(data[1]);
	return -1;
}

void log_tee_end(struct log_tee *r)
{
	if (r->pid <= 0) return;
	close(r->in);
	close(r->end);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	r->pid = 0;
}
