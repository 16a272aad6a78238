/* Two directions with a buffer each, in one loop. A direction asks for more only while
 * its buffer has room, and writes only what the other side takes at once: whoever
 * stops reading stops one direction, not the loop. That needs descriptors that do not
 * block. The pty is ours alone; terminals and pipes are opened a second time, so that
 * nobody else's are changed; regular files never block, and must keep their position. */

#include "lib/engine/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

enum {
	ESCAPE = 0x1d,
	ESCAPE_TIMES = 3,
	ESCAPE_MS = 1000,
	EOF_AGAIN_MS = 1000,
	LOOK_AGAIN_MS = 50,
	FOREGROUND_MS = 500,	/* no signal tells when a shell takes us there */
	CAREFUL = 256,		/* a terminal that says it is writable takes so much */
};

struct buffer {
	char data[4096];
	size_t from, to;
};

/* One of our own two descriptors. */
struct side {
	int fd, again;		/* `again`: the same opened a second time, or -1 */
	bool is_terminal, is_socket;
	struct termios before;
};

struct session {
	const struct terminal *t;
	struct side in, out;
	struct buffer input, output;
	bool in_ended, hung_up, over, heard;
	bool background;	/* the terminals are somebody else's at the moment */
	bool line_begins;	/* what was sent last is a newline, or nothing was */
	int escapes;
	int64_t escape_since, eof_at;
	int signals;		/* a signalfd for SIGWINCH and SIGTSTP */
	sigset_t mask_before;
	int master_flags;
};

void terminal_resize(int master, int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	ioctl(master, TIOCSWINSZ, &size);
}

/* The master of a pty cannot be opened twice: that makes another pty. */
static bool may_open_again(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0) return false;
	if (S_ISFIFO(st.st_mode)) return true;
	return isatty(fd) && st.st_rdev != makedev(5, 2);
}

static void side_open(struct side *s, int fd, int flags)
{
	char path[32];
	struct stat st;

	s->fd = fd;
	s->again = -1;
	if (fd < 0) return;
	s->is_terminal = tcgetattr(fd, &s->before) == 0;
	s->is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
	if (!may_open_again(fd)) return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	s->again = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void side_restore(const struct side *s)
{
	if (s->is_terminal) tcsetattr(s->fd, TCSANOW, &s->before);
}

static void side_close(struct side *s)
{
	if (s->again >= 0) close(s->again);
}

/* A terminal that is not our session's is nobody's foreground; 0: a group that we cannot
 * see. Whoever changes a terminal in the background is stopped. */
static bool in_foreground(const struct side *s)
{
	pid_t group = s->is_terminal ? tcgetpgrp(s->fd) : -1;

	return group <= 0 || group == getpgrp();
}

/* Input is given to us letter by letter and not looked at, output is passed on as it
 * is. Both may be one terminal: each changes only its own half of it. */
static void make_raw(struct session *s)
{
	struct termios now;

	s->background = !in_foreground(&s->in) || !in_foreground(&s->out);
	if (s->background) return;
	if (s->in.is_terminal && tcgetattr(s->in.fd, &now) == 0) {
		tcflag_t output = now.c_oflag;

		cfmakeraw(&now);
		now.c_oflag = output;
		if (s->t->keys_signal) now.c_lflag |= ISIG;
		tcsetattr(s->in.fd, TCSANOW, &now);
	}
	if (s->out.is_terminal && tcgetattr(s->out.fd, &now) == 0) {
		now.c_oflag &= ~(tcflag_t)OPOST;
		tcsetattr(s->out.fd, TCSANOW, &now);
	}
}

static void restore(const struct session *s)
{
	if (s->background) return;
	side_restore(&s->out);
	side_restore(&s->in);
}

/* A program that wants ^C as a key, an editor say, says so to its terminal before it draws. */
static void follow_keys(const struct session *s)
{
	struct termios theirs, ours;

	if (!s->t->keys_signal || !s->in.is_terminal || s->background) return;
	if (tcgetattr(s->t->master, &theirs) < 0 || tcgetattr(s->in.fd, &ours) < 0) return;
	if (!((theirs.c_lflag ^ ours.c_lflag) & ISIG)) return;
	ours.c_lflag ^= ISIG;
	tcsetattr(s->in.fd, TCSANOW, &ours);
}

static int watch_signals(struct session *s, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, &s->mask_before);
	s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return s->signals < 0 ? fail_sys(e, "watch the window's size") : 0;
}

static int session_begin(struct session *s, const struct terminal *t, struct err *e)
{
	memset(s, 0, sizeof *s);
	s->t = t;
	s->line_begins = true;
	s->eof_at = NO_DEADLINE;
	side_open(&s->in, t->in, O_RDONLY);
	side_open(&s->out, t->out, O_WRONLY);
	s->master_flags = fcntl(t->master, F_GETFL);
	s->in_ended = t->in < 0;
	if (watch_signals(s, e) < 0) return -1;
	if (s->master_flags < 0 || fcntl(t->master, F_SETFL, s->master_flags | O_NONBLOCK) < 0)
		return fail_sys(e, "use the session's terminal");
	make_raw(s);
	terminal_resize(t->master, t->out);
	return 0;
}

static void session_end(struct session *s)
{
	restore(s);
	side_close(&s->out);
	side_close(&s->in);
	if (s->master_flags >= 0) fcntl(s->t->master, F_SETFL, s->master_flags);
	if (s->signals >= 0) close(s->signals);
	sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
}

static bool is_empty(const struct buffer *b)
{
	return b->from == b->to;
}

static size_t room(struct buffer *b)
{
	if (is_empty(b)) b->from = b->to = 0;
	return sizeof b->data - b->to;
}

static bool try_later(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* A third ^] in time. */
static bool escape_seen(struct session *s, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != ESCAPE) {
			s->escapes = 0;
			continue;
		}
		if (!s->escapes || now_ms() - s->escape_since >= ESCAPE_MS) {
			s->escapes = 0;
			s->escape_since = now_ms();
		}
		if (++s->escapes == ESCAPE_TIMES) return true;
	}
	return false;
}

/* Who reads the pty learns of the end of input as from a keyboard. A line that was
 * not ended needs it twice. It is said again from time to time: what was told to a
 * program does not reach the next one, and a login clears its terminal. */
static void send_eof(struct session *s)
{
	bool again = s->eof_at != NO_DEADLINE;
	struct termios pty;
	char eof;

	s->eof_at = deadline_in(EOF_AGAIN_MS);
	if ((again && !is_empty(&s->input)) || room(&s->input) < 2) return;
	if (tcgetattr(s->t->master, &pty) < 0 || pty.c_cc[VEOF] == _POSIX_VDISABLE) return;
	eof = (char)pty.c_cc[VEOF];
	s->input.data[s->input.to++] = eof;
	if (!s->line_begins) s->input.data[s->input.to++] = eof;
	s->line_begins = true;
}

static ssize_t side_read(const struct side *s, char *p, size_t n)
{
	if (s->is_socket) return recv(s->fd, p, n, MSG_DONTWAIT);
	return read(s->again >= 0 ? s->again : s->fd, p, n);
}

static ssize_t side_write(const struct side *s, const char *p, size_t n)
{
	if (s->is_socket) return send(s->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (s->again >= 0) return write(s->again, p, n);
	return write(s->fd, p, n < CAREFUL ? n : CAREFUL);
}

/* Returns 1 when the user wants to leave. */
static int take_input(struct session *s)
{
	size_t free_bytes = room(&s->input);
	char *to = s->input.data + s->input.to;
	ssize_t n = side_read(&s->in, to, free_bytes);

	if (try_later(n)) return 0;
	if (n <= 0) {
		s->in_ended = true;
		if (!s->in.is_terminal) send_eof(s);
		return 0;
	}
	if (s->t->leaves && s->in.is_terminal && escape_seen(s, to, (size_t)n)) return 1;
	s->line_begins = to[n - 1] == '\n';
	if (!s->over) s->input.to += (size_t)n;
	return 0;
}

static bool hangup_ends(const struct session *s)
{
	if (s->t->hangup == HANGUP_PASSES) return false;
	return s->t->hangup == HANGUP_ENDS || s->heard;
}

/* With nobody at the other end it waits for them, or is dropped when none will come. */
static void give_input(struct session *s)
{
	struct buffer *b = &s->input;
	ssize_t n = write(s->t->master, b->data + b->from, b->to - b->from);

	if (n >= 0)
		b->from += (size_t)n;
	else if (!try_later(n) && hangup_ends(s))
		b->from = b->to;
	else
		s->hung_up = !try_later(n);
}

static void take_output(struct session *s)
{
	struct buffer *b = &s->output;
	ssize_t n = read(s->t->master, b->data, sizeof b->data);

	s->hung_up = n <= 0 && !try_later(n);
	if (n <= 0) return;
	s->heard = true;
	follow_keys(s);
	b->from = 0;
	b->to = (size_t)n;
}

static int give_output(struct session *s, struct err *e)
{
	struct buffer *b = &s->output;
	ssize_t n = side_write(&s->out, b->data + b->from, b->to - b->from);

	if (try_later(n)) return 0;
	if (n < 0) return fail_sys(e, "write what the session says");
	b->from += (size_t)n;
	return 0;
}

enum { IN, OUT, MASTER, WATCH, SIGNALS, FDS };

/* Ask only for what can be used. Of a pty that nobody has open poll tells at once and
 * again and again: then it is looked at from time to time. */
static int64_t prepare(struct session *s, struct pollfd *p)
{
	bool talk = !is_empty(&s->input), listen = is_empty(&s->output);
	bool hear = !s->in_ended && !s->background && room(&s->input) > 0;
	int64_t until = s->eof_at;

	p[IN] = (struct pollfd){ hear ? s->in.fd : -1, POLLIN, 0 };
	p[OUT] = (struct pollfd){ listen ? -1 : s->out.fd, POLLOUT, 0 };
	p[MASTER] = (struct pollfd){ s->t->master, 0, 0 };
	p[MASTER].events = (short)((listen ? POLLIN : 0) | (talk ? POLLOUT : 0));
	p[WATCH] = (struct pollfd){ s->over ? -1 : s->t->watch, POLLIN, 0 };
	p[SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	if (s->hung_up || !p[MASTER].events) p[MASTER].fd = -1;
	if (s->hung_up && !hangup_ends(s) && deadline_left(until) > LOOK_AGAIN_MS)
		until = deadline_in(LOOK_AGAIN_MS);
	if (s->background && deadline_left(until) > FOREGROUND_MS)
		until = deadline_in(FOREGROUND_MS);
	return until;
}

static void stop(struct session *s)
{
	restore(s);
	raise(SIGSTOP);
	make_raw(s);
}

static void take_signals(struct session *s)
{
	struct signalfd_siginfo info;
	bool stops = false;

	while (read(s->signals, &info, sizeof info) > 0)
		stops = stops || info.ssi_signo == SIGTSTP;
	if (stops) stop(s);
	terminal_resize(s->t->master, s->t->out);
}

static int ask_over(struct session *s, struct err *e)
{
	int over = s->t->over(s->t->arg, e);

	if (over < 0) return -1;
	s->over = over > 0;
	return 0;
}

/* One turn: 1 when the user leaves, -1 for a fault. */
static int serve(struct session *s, const struct pollfd *p, struct err *e)
{
	if (p[SIGNALS].revents) take_signals(s);
	if (p[WATCH].revents && ask_over(s, e) < 0) return -1;
	if (p[OUT].revents && give_output(s, e) < 0) return -1;
	if (p[IN].revents && take_input(s)) return 1;
	if (!is_empty(&s->input) && p[MASTER].revents & ~POLLIN) give_input(s);
	if (is_empty(&s->output) && (p[MASTER].revents || s->hung_up || s->over))
		take_output(s);
	return 0;
}

/* When all that was said has been passed on. */
static bool is_done(const struct session *s)
{
	return is_empty(&s->output) && (s->over || (s->hung_up && hangup_ends(s)));
}

/* A caught signal; any other fault stays one. */
static int deal_with(struct session *s, struct err *e)
{
	int sig = signal_caught();

	if (!sig || !s->t->signalled) return -1;
	signal_forget();
	return s->t->signalled(s->t->arg, sig, e);
}

static int session_run(struct session *s, struct err *e)
{
	struct pollfd p[FDS];

	if (s->t->watch >= 0 && ask_over(s, e) < 0) return -1;
	if (s->over) take_output(s);
	while (!is_done(s)) {
		int64_t until = prepare(s, p);
		int rc = wait_fds(p, FDS, until, e);

		if (rc < 0 && deal_with(s, e) < 0) return -1;
		if (rc < 0) continue;
		if ((rc = serve(s, p, e)) < 0) return -1;
		if (rc > 0) return TERMINAL_LEFT;
		if (s->background) make_raw(s);
		if (s->eof_at != NO_DEADLINE && !deadline_left(s->eof_at)) send_eof(s);
	}
	return s->over ? TERMINAL_OVER : TERMINAL_HUNG_UP;
}

int terminal_run(const struct terminal *t, struct err *e)
{
	struct session s;
	int rc = session_begin(&s, t, e);

	if (rc == 0) rc = session_run(&s, e);
	session_end(&s);
	return rc;
}
