#include "lib/engine/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "tests/unit/test.h"

/* The user's terminal (`user`: where the person sits, `tty`: what we have open) and
 * the session's (`master`: ours, `jail`: the other end). The forwarding itself runs
 * in a child, which exits with what it returned. */
struct scene {
	int user, tty, master, jail;
	pid_t child;
};

enum { FAULT = 100 };

static void open_scene(struct scene *s)
{
	if (openpty(&s->user, &s->tty, NULL, NULL, NULL) < 0) SKIP("no pty here");
	if (openpty(&s->master, &s->jail, NULL, NULL, NULL) < 0) SKIP("no pty here");
}

/* The other ends of pipes and terminals are the test's alone. */
static void close_others(const struct terminal *t)
{
	for (int fd = 3; fd < 256; fd++)
		if (fd != t->in && fd != t->out && fd != t->master && fd != t->watch) close(fd);
}

static void run(struct scene *s, const struct terminal *t)
{
	s->child = fork();
	if (s->child == 0) {
		struct err e = { 0 };
		int rc;

		signals_catch();
		close_others(t);
		rc = terminal_run(t, &e);
		if (rc < 0) fprintf(stderr, "# %s\n", e.text);
		_exit(rc < 0 ? FAULT + (int)e.kind : rc);
	}
}

static int ended(struct scene *s)
{
	int status;

	for (int i = 0; i < 500; i++) {
		if (waitpid(s->child, &status, WNOHANG) == s->child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		usleep(10000);
	}
	kill(s->child, SIGKILL);
	waitpid(s->child, &status, 0);
	return -1;
}

/* Read until `wanted` has come. */
static bool comes(int fd, const char *wanted)
{
	static char got[65536];
	size_t n = 0;
	int64_t until = deadline_in(5000);

	while (n + 1 < sizeof got && wait_fd(fd, POLLIN, until, NULL) > 0) {
		ssize_t more = read(fd, got + n, sizeof got - n - 1);

		if (more <= 0) break;
		n += (size_t)more;
		got[n] = 0;
		if (strstr(got, wanted)) return true;
	}
	printf("# waited for '%s', got '%.*s'\n", wanted, (int)n, got);
	return false;
}

static void put(int fd, const char *text)
{
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
}

static struct termios mode(int fd)
{
	struct termios t = { 0 };	/* the kernel does not fill all of c_cc */

	CHECK(tcgetattr(fd, &t) == 0);
	return t;
}

/* Raw mode is there as soon as the child got that far. */
static void wait_raw(int tty)
{
	for (int i = 0; i < 500 && mode(tty).c_lflag & ICANON; i++)
		usleep(10000);
	CHECK(!(mode(tty).c_lflag & (ICANON | ECHO | ISIG)));
	CHECK(!(mode(tty).c_oflag & OPOST));
}

static bool same_mode(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	       a->c_lflag == b->c_lflag &&
	       a->c_cflag == b->c_cflag && !memcmp(a->c_cc, b->c_cc, sizeof a->c_cc);
}

static struct terminal on_tty(const struct scene *s)
{
	return (struct terminal){ .in = s->tty, .out = s->tty, .master = s->master,
	                          .watch = -1 };
}

TEST(bytes_go_both_ways_and_the_terminal_is_as_before)
{
	struct scene s;
	struct termios before, after;
	struct terminal t;

	open_scene(&s);
	before = mode(s.tty);
	t = on_tty(&s);
	run(&s, &t);
	wait_raw(s.tty);
	put(s.user, "hello\r");
	CHECK(comes(s.jail, "hello\n"));
	put(s.jail, "answer\n");
	CHECK(comes(s.user, "answer\r\n"));
	/* Is a byte for the jail, no signal for us. Its own terminal answers with ^C, and
	 * forgets what was written there before it came. */
	put(s.user, "\x03");
	CHECK(comes(s.user, "^C"));
	put(s.jail, "last words\n");
	close(s.jail);
	CHECK(comes(s.user, "last words\r\n"));
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
	after = mode(s.tty);
	CHECK(same_mode(&before, &after));
	CHECK(!(fcntl(s.tty, F_GETFL) & O_NONBLOCK));
	CHECK(!(fcntl(s.master, F_GETFL) & O_NONBLOCK));
}

TEST(three_escapes_in_a_second_leave)
{
	struct scene s;
	struct termios before, after;
	struct terminal t;

	open_scene(&s);
	before = mode(s.tty);
	t = on_tty(&s);
	t.leaves = true;
	run(&s, &t);
	wait_raw(s.tty);
	put(s.user, "\x1d\x1dx\x1d");
	usleep(100000);
	put(s.user, "y\x1d\x1d");
	CHECK(waitpid(s.child, NULL, WNOHANG) == 0);
	put(s.user, "\x1d");
	CHECK_INT(ended(&s), TERMINAL_LEFT);
	after = mode(s.tty);
	CHECK(same_mode(&before, &after));
}

TEST(slow_escapes_do_not_leave)
{
	struct scene s;
	struct terminal t;

	open_scene(&s);
	t = on_tty(&s);
	t.leaves = true;
	run(&s, &t);
	wait_raw(s.tty);
	for (int i = 0; i < 3; i++) {
		put(s.user, "\x1d");
		usleep(600000);
	}
	CHECK(waitpid(s.child, NULL, WNOHANG) == 0);
	close(s.jail);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

TEST(a_signal_ends_it_and_restores)
{
	static const int sigs[] = { SIGTERM, SIGHUP, SIGINT };

	for (size_t i = 0; i < 3; i++) {
		struct scene s;
		struct termios before, after;
		struct terminal t;

		open_scene(&s);
		before = mode(s.tty);
		t = on_tty(&s);
		run(&s, &t);
		wait_raw(s.tty);
		kill(s.child, sigs[i]);
		CHECK_INT(ended(&s), FAULT + ERR_INTERRUPTED);
		after = mode(s.tty);
		CHECK(same_mode(&before, &after));
	}
}

static bool has_size(int fd, int rows, int cols)
{
	struct winsize size = { 0 };

	for (int i = 0; i < 500; i++) {
		ioctl(fd, TIOCGWINSZ, &size);
		if (size.ws_row == rows && size.ws_col == cols) return true;
		usleep(10000);
	}
	printf("# size is %d %d\n", size.ws_row, size.ws_col);
	return false;
}

TEST(the_window_is_followed)
{
	struct winsize size = { .ws_row = 33, .ws_col = 44 };
	struct scene s;
	struct terminal t;

	open_scene(&s);
	ioctl(s.tty, TIOCSWINSZ, &size);
	t = on_tty(&s);
	run(&s, &t);
	CHECK(has_size(s.jail, 33, 44));
	size.ws_row = 50;
	ioctl(s.tty, TIOCSWINSZ, &size);
	kill(s.child, SIGWINCH);
	CHECK(has_size(s.jail, 50, 44));
	close(s.jail);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

/* Nothing of ours is a terminal. */
static void run_piped(struct scene *s, int in, int out)
{
	struct terminal t = { .in = in, .out = out, .master = s->master, .watch = -1 };

	run(s, &t);
}

TEST(without_a_terminal_the_end_of_input_is_typed)
{
	struct scene s;
	int in[2], out[2];
	char line[64];
	FILE *jail;

	open_scene(&s);
	CHECK(pipe(in) == 0 && pipe(out) == 0);
	run_piped(&s, in[0], out[1]);
	close(out[1]);
	put(in[1], "one\ntwo");
	close(in[1]);
	jail = fdopen(s.jail, "r+");
	CHECK(fgets(line, sizeof line, jail) != NULL);
	CHECK_STR(line, "one\n");
	CHECK(fgets(line, sizeof line, jail) != NULL);
	CHECK_STR(line, "two");
	CHECK(fgets(line, sizeof line, jail) == NULL);
	put(s.jail, "done\n");
	CHECK(has_size(s.jail, 24, 80));
	fclose(jail);
	CHECK(comes(out[0], "done\r\n"));
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

TEST(the_end_of_input_is_told_to_the_next_program_too)
{
	struct scene s;
	int out[2], null = open("/dev/null", O_RDONLY);
	char byte;

	open_scene(&s);
	CHECK(pipe(out) == 0);
	run_piped(&s, null, out[1]);
	for (int i = 0; i < 3; i++) {
		CHECK(wait_fd(s.jail, POLLIN, deadline_in(5000), NULL) > 0);
		CHECK_INT(read(s.jail, &byte, 1), 0);
	}
	close(s.jail);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

TEST(a_regular_file_keeps_its_position)
{
	char path[] = "/tmp/unit-terminal-XXXXXX";
	struct scene s;
	int file = mkstemp(path);

	open_scene(&s);
	unlink(path);
	put(file, "before ");
	run_piped(&s, open("/dev/null", O_RDONLY), file);
	put(s.jail, "after");
	usleep(100000);
	close(s.jail);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
	lseek(file, 0, SEEK_SET);
	CHECK(comes(file, "before after"));
}

TEST(sockets_do)
{
	struct scene s;
	int pair[2];

	open_scene(&s);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	run_piped(&s, pair[1], pair[1]);
	put(pair[0], "hello\n");
	CHECK(comes(s.jail, "hello\n"));
	put(s.jail, "answer\n");
	CHECK(comes(pair[0], "answer\r\n"));
	close(s.jail);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

TEST(an_output_nobody_reads_does_not_stop_the_input)
{
	struct scene s;
	char block[512];
	int in[2], out[2];
	size_t n = 0;

	open_scene(&s);
	CHECK(pipe(in) == 0 && pipe(out) == 0);
	run_piped(&s, in[0], out[1]);
	memset(block, 'x', sizeof block);
	fcntl(s.jail, F_SETFL, O_NONBLOCK);
	for (int idle = 0; idle < 20;) {
		ssize_t sent = write(s.jail, block, sizeof block);

		if (sent > 0) n += (size_t)sent;
		idle = sent > 0 ? 0 : idle + 1;
		if (sent <= 0) usleep(10000);
	}
	CHECK(n > 65536);
	put(in[1], "still here\n");
	CHECK(comes(s.jail, "still here\n"));
	kill(s.child, SIGTERM);
	CHECK_INT(ended(&s), FAULT + ERR_INTERRUPTED);
	CHECK(!(fcntl(out[1], F_GETFL) & O_NONBLOCK));
}

TEST(nothing_is_lost_to_a_slow_reader)
{
	struct scene s;
	struct terminal t;
	size_t n = 0, wanted = 300000;
	char block[4096];
	pid_t writer;

	open_scene(&s);
	t = on_tty(&s);
	run(&s, &t);
	wait_raw(s.tty);
	if ((writer = fork()) == 0) {
		for (size_t i = 0; i < wanted / 10; i++)
			if (write(s.jail, "123456789 ", 10) != 10) _exit(1);
		_exit(0);
	}
	close(s.jail);
	usleep(200000);
	while (n < wanted && wait_fd(s.user, POLLIN, deadline_in(3000), NULL) > 0) {
		ssize_t got = read(s.user, block, sizeof block);

		if (got <= 0) break;
		n += (size_t)got;
		usleep(100);
	}
	CHECK_INT(n, wanted);
	waitpid(writer, NULL, 0);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

TEST(a_reader_that_goes_ends_it)
{
	struct scene s;
	int out[2];

	open_scene(&s);
	CHECK(pipe(out) == 0);
	run_piped(&s, open("/dev/zero", O_RDONLY), out[1]);
	close(out[1]);
	close(out[0]);
	put(s.jail, "x");
	CHECK_INT(ended(&s), FAULT + ERR_HOST);
}

static int one_byte(void *arg, struct err *e)
{
	char byte;
	ssize_t n = recv(*(int *)arg, &byte, 1, MSG_DONTWAIT);

	if (n < 0) return errno == EAGAIN ? 0 : fail_sys(e, "watched");
	return n == 1 && byte == 'x';
}

TEST(what_is_watched_ends_it_after_the_last_output)
{
	struct scene s;
	struct terminal t;
	int pair[2];

	open_scene(&s);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	t = on_tty(&s);
	t.watch = pair[1];
	t.over = one_byte;
	t.arg = &pair[1];
	t.hangup = HANGUP_PASSES;
	run(&s, &t);
	wait_raw(s.tty);
	put(pair[0], "a");
	put(s.jail, "before the end\n");
	put(pair[0], "x");
	CHECK(comes(s.user, "before the end\r\n"));
	CHECK_INT(ended(&s), TERMINAL_OVER);
}

TEST(over_before_it_began)
{
	struct scene s;
	struct terminal t;
	int pair[2];

	open_scene(&s);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	t = on_tty(&s);
	t.watch = pair[1];
	t.over = one_byte;
	t.arg = &pair[1];
	put(s.jail, "was said\n");
	put(pair[0], "x");
	run(&s, &t);
	CHECK(comes(s.user, "was said\r\n"));
	CHECK_INT(ended(&s), TERMINAL_OVER);
}

TEST(a_hangup_may_pass)
{
	struct scene s;
	struct terminal t;
	char name[64];
	int again;

	open_scene(&s);
	CHECK(ttyname_r(s.jail, name, sizeof name) == 0);
	t = on_tty(&s);
	t.hangup = HANGUP_ENDS_LATER;
	run(&s, &t);
	wait_raw(s.tty);
	close(s.jail);
	usleep(200000);
	CHECK(waitpid(s.child, NULL, WNOHANG) == 0);
	put(s.user, "early\r");
	usleep(100000);
	again = open(name, O_RDWR | O_NOCTTY);
	CHECK(again >= 0);
	CHECK(comes(again, "early\n"));
	put(again, "here\n");
	CHECK(comes(s.user, "here\r\n"));
	close(again);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

static bool keys_signal(int tty, bool wanted)
{
	for (int i = 0; i < 300 && !(mode(tty).c_lflag & ISIG) == wanted; i++)
		usleep(10000);
	return !(mode(tty).c_lflag & ISIG) != wanted;
}

TEST(keys_signal_until_the_other_end_wants_them)
{
	struct scene s;
	struct terminal t;
	struct termios jail;

	open_scene(&s);
	t = on_tty(&s);
	t.keys_signal = true;
	run(&s, &t);
	for (int i = 0; i < 500 && mode(s.tty).c_lflag & ICANON; i++)
		usleep(10000);
	CHECK(keys_signal(s.tty, true));
	jail = mode(s.jail);
	jail.c_lflag &= ~(tcflag_t)ISIG;
	CHECK(tcsetattr(s.jail, TCSANOW, &jail) == 0);
	put(s.jail, "an editor\n");
	CHECK(keys_signal(s.tty, false));
	jail.c_lflag |= ISIG;
	CHECK(tcsetattr(s.jail, TCSANOW, &jail) == 0);
	put(s.jail, "has ended\n");
	CHECK(keys_signal(s.tty, true));
	close(s.jail);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
}

static int note_signal(void *arg, int sig, struct err *e)
{
	char c = (char)sig;

	(void)e;
	return write(*(int *)arg, &c, 1) == 1 ? 0 : -1;
}

TEST(a_signal_may_be_dealt_with)
{
	struct scene s;
	struct terminal t;
	int pair[2];
	char c = 0;

	open_scene(&s);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	t = on_tty(&s);
	t.signalled = note_signal;
	t.arg = &t.watch;
	t.watch = pair[1];
	t.over = one_byte;
	t.hangup = HANGUP_PASSES;
	run(&s, &t);
	wait_raw(s.tty);
	kill(s.child, SIGINT);
	CHECK(wait_fd(pair[0], POLLIN, deadline_in(5000), NULL) == 1);
	CHECK_INT(read(pair[0], &c, 1), 1);
	CHECK_INT(c, SIGINT);
	put(s.jail, "goes on\n");
	CHECK(comes(s.user, "goes on\r\n"));
	kill(s.child, SIGKILL);
	ended(&s);
}

TEST(without_input_the_keys_stay)
{
	struct scene s;
	struct terminal t;
	char text[16] = "";

	open_scene(&s);
	t = on_tty(&s);
	t.in = -1;
	run(&s, &t);
	put(s.jail, "output\n");
	CHECK(comes(s.user, "output"));
	put(s.user, "typed\n");
	usleep(100000);
	close(s.jail);
	CHECK_INT(ended(&s), TERMINAL_HUNG_UP);
	CHECK_INT(read(s.tty, text, sizeof text), 6);
	CHECK(!memcmp(text, "typed\n", 6));
}
