#include "lib/base/run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "tests/unit/test.h"

static char *run(struct arena *m, const char *script, unsigned limit, long ms, struct err *e)
{
	char *argv[] = { "sh", "-c", (char *)script, NULL };

	return run_strange(m, argv, limit, deadline_in(ms), e);
}

TEST(a_strange_program_says_something)
{
	struct arena m = { 0 };
	struct err e = { 0 };

	CHECK_STR(run(&m, "echo one; echo two >&2; echo three", 100, 5000, &e), "one\nthree\n");
	CHECK_STR(run(&m, "echo 123456", 3, 5000, &e), "123");
	CHECK_STR(run(&m, ":", 3, 5000, &e), "");
	arena_free(&m);
}

TEST(a_strange_program_fails)
{
	struct arena m = { 0 };
	struct err e = { 0 };

	CHECK(!run(&m, "echo no such luck >&2; exit 3", 100, 5000, &e));
	CHECK_STR(e.text, "sh: no such luck");
	CHECK(!run(&m, "exit 3", 100, 5000, &e));
	CHECK_STR(e.text, "sh ended with status 3");
	arena_free(&m);
}

TEST(a_strange_program_does_not_end)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	int64_t begun = now_ms();

	CHECK(!run(&m, "exec sleep 20", 100, 100, &e));
	CHECK_STR(e.text, "sh: timed out");
	CHECK_STR(run(&m, "echo here; sleep 20 &", 100, 5000, &e), "here\n");
	CHECK(now_ms() - begun < 4000);
	arena_free(&m);
}

TEST(a_strange_program_knows_nothing_of_us)
{
	struct arena m = { 0 };
	struct err e = { 0 };

	setenv("LD_PRELOAD_NOT", "x", 1);
	CHECK_STR(run(&m, "echo ${LD_PRELOAD_NOT-none} $LC_ALL", 100, 5000, &e), "none C\n");
	arena_free(&m);
}

TEST(the_working_directory_is_no_place_for_programs)
{
	static const char *const paths[] = { "", ".", ":", "::/nowhere", ".:/nowhere",
	                                     "/nowhere:", "bin",
	                                     "bin:/nowhere" };
	char before[4096], top[] = "/tmp/jlmkr-unit.XXXXXX";
	struct arena m = { 0 };
	struct err e = { 0 };

	CHECK(getcwd(before, sizeof before) && mkdtemp(top) && chdir(top) == 0 &&
	      mkdir("bin", 0755) == 0);
	close(open("jlmkr-no-such-program", O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
	close(open("bin/jlmkr-no-such-program", O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		setenv("PATH", paths[i], 1);
		run_clean_path();
		CHECK(!run_find(&m, "jlmkr-no-such-program", &e));
		CHECK_INT(e.kind, ERR_MISSING);
		CHECK(!getenv("PATH") || !strcmp(getenv("PATH"), "/nowhere"));
	}
	setenv("PATH", arena_printf(&m, ".:%s/bin:::/usr/bin:bin:/bin:", top), 1);
	run_clean_path();
	CHECK_STR(getenv("PATH"), arena_printf(&m, "%s/bin:/usr/bin:/bin", top));
	CHECK_STR(run_find(&m, "jlmkr-no-such-program", &e),
	          arena_printf(&m, "%s/bin/jlmkr-no-such-program", top));
	CHECK(chdir(before) == 0);
	CHECK_STR(run(&m, arena_printf(&m, "rm -r '%s'", top), 1, 5000, &e), "");
	arena_free(&m);
}
