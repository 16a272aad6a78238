#include "lib/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "tests/unit/test.h"

static int start(struct arena *m, const char *script, bool strange, struct child *c)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };
	const struct child_how how = {
		.argv = argv, .in = true, .out = true, .err = true, .strange = strange,
	};
	struct err e = { 0 };
	int rc = child_start(m, &how, c, &e);

	CHECK_STR(e.text, "");
	return rc;
}

TEST(a_program_between_two_pipes)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCHILD c = NO_CHILD;
	char buf[20] = "", said[20];

	CHECK_INT(start(&m, "read a; echo \"got $a\"; echo why >&2; exit 7", false, &c), 0);
	CHECK_INT(write(c.in, "this\n", 5), 5);
	CHECK_INT(read(c.out, buf, sizeof buf - 1), 9);
	CHECK_STR(buf, "got this\n");
	CHECK_INT(child_end(&c, said, sizeof said), 7);
	CHECK_STR(said, "why\n");
	CHECK(c.in < 0 && c.out < 0 && c.err < 0 && !c.pid);
}

static void go_on_when_stopped(const struct child *c)
{
	int status;

	CHECK_INT(waitpid(c->pid, &status, WUNTRACED), c->pid);
	CHECK(WIFSTOPPED(status));
	kill(c->pid, SIGCONT);
}

static void fill(int fd)
{
	static char data[4096];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, data, sizeof data) > 0)
		;
	CHECK_INT(errno, EAGAIN);
}

TEST(a_socket_that_is_full_has_no_room_before_most_of_it_was_read)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCHILD c = NO_CHILD;
	char *argv[] = { "sh", "-c", "echo; kill -STOP $$; head -c 65536 | wc -c; "
	                 "kill -STOP $$; cat > /dev/null", NULL };
	const struct child_how how = { .argv = argv, .in_socket = true, .out = true };
	struct pollfd p = { .events = POLLOUT };
	struct err e = { 0 };
	char said[20] = "";

	CHECK_INT(child_start(&m, &how, &c, &e), 0);
	p.fd = c.in;
	CHECK_INT(read(c.out, said, sizeof said), 1);
	fill(c.in);
	go_on_when_stopped(&c);
	CHECK_INT(read(c.out, said, sizeof said - 1), 6);
	CHECK_STR(said, "65536\n");
	CHECK_INT(poll(&p, 1, 0), 0);
	go_on_when_stopped(&c);
	CHECK_INT(poll(&p, 1, -1), 1);
	CHECK_INT(child_end(&c, NULL, 0), 0);
}

TEST(what_it_says_is_cut_to_the_room)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCHILD c = NO_CHILD;
	char said[5];

	CHECK_INT(start(&m, "echo 0123456789 >&2", false, &c), 0);
	CHECK_INT(child_end(&c, said, sizeof said), 0);
	CHECK_STR(said, "0123");
}

TEST(a_strange_one_has_no_environment_and_a_group_of_its_own)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCHILD c = NO_CHILD;
	char said[200], ready[2];

	CHECK_INT(start(&m, "echo; read x; env | cut -d= -f1 | grep -v '_\\|^PWD$\\|SHLVL' |"
	                "sort | xargs >&2", true, &c), 0);
	CHECK_INT(read(c.out, ready, 1), 1);
	CHECK_INT(getpgid(c.pid), c.pid);
	CHECK_INT(child_end(&c, said, sizeof said), 0);
	CHECK_STR(said, "PATH\n");
}

TEST(one_that_is_dropped_ends)
{
	AUTOFREE struct arena m = { 0 };
	struct child c = NO_CHILD;
	pid_t pid;

	CHECK_INT(start(&m, "exec sleep 1000", false, &c), 0);
	pid = c.pid;
	child_drop(&c);
	CHECK_INT(kill(pid, 0), -1);
	child_drop(&c);
}

TEST(a_signal_is_told_as_a_status)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCHILD c = NO_CHILD;

	CHECK_INT(start(&m, "kill -KILL $$", false, &c), 0);
	CHECK_INT(child_end(&c, NULL, 0), 128 + SIGKILL);
}

TEST(a_program_that_does_not_exist)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "/nowhere/x", NULL };
	const struct child_how how = { .argv = argv, .in = true };
	struct child c;
	struct err e = { 0 };

	CHECK_INT(child_start(&m, &how, &c, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK(c.in < 0 && !c.pid);
	child_drop(&c);
}

static int write_much(void *arg, int out, struct err *e)
{
	static char data[4096];

	for (int i = 0; i < *(int *)arg; i++)
		if (write_all(out, data, sizeof data, e) < 0) return -1;
	return 0;
}

TEST(a_function_of_ours_in_a_process_of_its_own)
{
	AUTOCHILD c = NO_CHILD;
	struct err e = { 0 };
	char said[100];
	int much = 3;
	char data[3 * 4096];
	size_t n = 0;
	ssize_t k;

	CHECK_INT(child_fork("it", write_much, &much, &c, &e), 0);
	while (n < sizeof data && (k = read(c.out, data + n, sizeof data - n)) > 0)
		n += (size_t)k;
	CHECK_INT(n, sizeof data);
	CHECK_INT(child_end(&c, said, sizeof said), 0);
	CHECK_STR(said, "");
}

TEST(which_notices_that_nobody_reads)
{
	AUTOCHILD c = NO_CHILD;
	struct err e = { 0 };
	char said[100];
	int much = 1 << 20;

	CHECK_INT(child_fork("it", write_much, &much, &c, &e), 0);
	close(take_fd(&c.out));
	CHECK_INT(child_end(&c, said, sizeof said), 1);
	CHECK_STR(said, "write: Broken pipe");
}
