#include "lib/base/process_pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "tests/unit/test.h"

enum { N = 12 };

/* What the members do is seen through memory that they share with us. */
struct board {
	int now, most, begun;
};

static struct board *board(void)
{
	return mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE,
	            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static int work(void *arg, size_t i)
{
	struct board *b = arg;
	int now = __atomic_add_fetch(&b->now, 1, __ATOMIC_SEQ_CST), most = b->most;

	while (now > most &&
	       !__atomic_compare_exchange_n(&b->most, &most, now, false, __ATOMIC_SEQ_CST,
	                                    __ATOMIC_SEQ_CST))
		;
	__atomic_add_fetch(&b->begun, 1, __ATOMIC_SEQ_CST);
	poll(NULL, 0, 5);
	__atomic_sub_fetch(&b->now, 1, __ATOMIC_SEQ_CST);
	if (i == 7) raise(SIGKILL);
	return (int)i;
}

static void check_all(struct board *b, size_t jobs, int most)
{
	int status[N];

	CHECK_INT(process_pool_run(N, jobs, work, b, status, NULL), 0);
	for (int i = 0; i < N; i++)
		CHECK_INT(status[i], i == 7 ? 128 + SIGKILL : i);
	CHECK_INT(b->begun, N);
	CHECK(b->most <= most);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	munmap(b, sizeof *b);
}

TEST(everything_is_done_never_too_much_at_once)
{
	check_all(board(), 1, 1);
	check_all(board(), 3, 3);
	check_all(board(), 0, N);
	check_all(board(), 100, N);
}

TEST(no_work_is_no_fault)
{
	CHECK_INT(process_pool_run(0, 4, work, NULL, NULL, NULL), 0);
}

/* The second one tells the parent to stop; the first waits until it is told. */
static int hang(void *arg, size_t i)
{
	struct board *b = arg;
	struct err e = { 0 };

	__atomic_add_fetch(&b->begun, 1, __ATOMIC_SEQ_CST);
	if (i == 1) kill(getppid(), SIGTERM);
	if (wait_fds(NULL, 0, deadline_in(20000), &e) < 0 && e.kind == ERR_INTERRUPTED)
		return 9;
	return 0;
}

TEST(a_signal_sends_everybody_home)
{
	struct board *b = board();
	struct err e = { 0 };
	int status[4];

	signals_catch();
	CHECK_INT(process_pool_run(4, 2, hang, b, status, &e), -1);
	CHECK_INT(e.kind, ERR_INTERRUPTED);
	signal_forget();
	CHECK_INT(status[0], 9);
	CHECK_INT(status[1], 9);
	CHECK_INT(status[2], PROCESS_NOT_BEGUN);
	CHECK_INT(status[3], PROCESS_NOT_BEGUN);
	CHECK_INT(b->begun, 2);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	munmap(b, sizeof *b);
}
