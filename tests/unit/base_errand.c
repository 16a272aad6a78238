#include "lib/base/errand.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "tests/unit/test.h"

static int end_with(const void *arg)
{
	return *(const int *)arg;
}

static int never(const void *arg)
{
	(void)arg;
	signal(SIGTERM, SIG_IGN);
	while (getpid())
		pause();
	return 0;
}

TEST(what_the_work_returns_is_the_fault)
{
	struct err e = { 0 };
	int why = 0;

	CHECK_INT(errand_run(end_with, &why, deadline_in(5000), &e), 0);
	why = ENOTDIR;
	CHECK_INT(errand_run(end_with, &why, deadline_in(5000), &e), -1);
	CHECK_INT(e.sys, ENOTDIR);
}

TEST(work_without_an_end_is_left)
{
	struct err e = { 0 };
	int64_t begin = now_ms();

	CHECK_INT(errand_run(never, NULL, deadline_in(200), &e), -1);
	CHECK_INT(e.sys, ETIMEDOUT);
	CHECK(now_ms() - begin < 4000);
}
