#include "lib/base/wait.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/run.h"
#include "tests/unit/test.h"

TEST(waiting_ends)
{
	struct err e = { 0 };
	int p[2];

	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	CHECK_INT(wait_fd(p[0], POLLIN, deadline_in(10), &e), 0);
	CHECK_INT(wait_fd(p[0], POLLIN, now_ms() - 5, &e), 0);
	CHECK_INT(write(p[1], "x", 1), 1);
	CHECK_INT(wait_fd(p[0], POLLIN, NO_DEADLINE, &e), 1);
	close(p[0]);
	close(p[1]);
}

TEST(a_signal_is_noticed_before_and_while_waiting)
{
	struct err e = { 0 };
	int p[2];

	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	signals_catch();
	raise(SIGTERM);
	CHECK_INT(signal_caught(), SIGTERM);
	CHECK_INT(wait_fd(p[0], POLLIN, NO_DEADLINE, &e), -1);
	CHECK_INT(e.kind, ERR_INTERRUPTED);
	signal_forget();
	CHECK_INT(check_signal(&e), 0);

	if (fork() == 0) {
		usleep(50000);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	CHECK_INT(wait_fd(p[0], POLLIN, NO_DEADLINE, &e), -1);
	CHECK_INT(signal_caught(), SIGINT);
	signal_forget();
	close(p[0]);
	close(p[1]);
}

TEST(programs_run_and_answer)
{
	struct arena m = { 0 };
	struct err e = { 0 };

	CHECK_INT(run_wait((char *[]){ "sh", "-c", "exit 7", NULL }, &e), 7);
	CHECK_INT(run_wait((char *[]){ "sh", "-c", "kill -9 $$", NULL }, &e), 137);
	CHECK_INT(run_wait((char *[]){ "no-such-program", NULL }, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_STR(e.text, "no-such-program is not installed on this system");
	CHECK_STR(run_output(&m, (char *[]){ "echo", "a  b", NULL }, 100, &e), "a  b\n");
	CHECK_STR(run_output(&m, (char *[]){ "echo", "123456", NULL }, 3, &e), "123");
	CHECK(!run_output(&m, (char *[]){ "false", NULL }, 3, &e));
	CHECK_STR(e.text, "false ended with status 1");
	arena_free(&m);
}

TEST(programs_do_not_inherit_an_ignored_sigpipe)
{
	struct err e = { 0 };

	signal(SIGPIPE, SIG_IGN);
	CHECK_INT(run_wait((char *[]){ "sh", "-c", "kill -PIPE $$; exit 3", NULL }, &e),
	          128 + SIGPIPE);
}
