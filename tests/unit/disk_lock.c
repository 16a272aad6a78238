#include "lib/disk/lock.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "lib/base/wait.h"
#include "tests/unit/disk_world.h"

static int again(const struct world *w)
{
	return openat(w->top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

TEST(a_free_lock_is_taken_and_ends_with_its_descriptor)
{
	struct world w;
	int fd;

	world_make(&w);
	fd = again(&w);
	CHECK_INT(lock_take(fd, 0, "jail web", &w.e), 0);
	close(fd);
	CHECK_INT(lock_take(w.inside, 0, "jail web", &w.e), 0);
	world_drop(&w);
}

TEST(who_holds_it_is_named)
{
	struct world w;
	char want[100];
	int fd;

	world_make(&w);
	fd = again(&w);
	CHECK_INT(lock_take(fd, 0, "jail web", &w.e), 0);
	CHECK_INT(lock_take(w.inside, 0, "jail web", &w.e), -1);
	CHECK_INT(w.e.kind, ERR_BUSY);
	snprintf(want, sizeof want, "jail web is in use by disk_lock (process %d)",
	         (int)getpid());
	close(fd);
	world_drop(&w);
	if (!strstr(w.e.text, "process")) SKIP("the file system of /tmp hides who holds locks");
	CHECK_STR(w.e.text, want);
}

TEST(a_deadline_is_kept)
{
	struct world w;
	int64_t begin = now_ms();
	int fd;

	world_make(&w);
	fd = again(&w);
	CHECK_INT(lock_take(fd, 0, "x", &w.e), 0);
	CHECK_INT(lock_take(w.inside, deadline_in(60), "x", &w.e), -1);
	CHECK_INT(w.e.kind, ERR_BUSY);
	CHECK(now_ms() - begin >= 60 && now_ms() - begin < 5000);
	close(fd);
	world_drop(&w);
}

TEST(a_lock_that_is_given_up_is_waited_for)
{
	struct world w;
	int fd;
	pid_t pid;

	world_make(&w);
	fd = again(&w);
	CHECK_INT(lock_take(fd, 0, "x", &w.e), 0);
	if ((pid = fork()) == 0) {
		close(w.inside);
		usleep(50000);
		_exit(0);
	}
	close(fd);		/* the child still has it */
	CHECK_INT(lock_take(w.inside, deadline_in(10000), "x", &w.e), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	world_drop(&w);
}

TEST(a_signal_ends_the_waiting)
{
	struct world w;
	int fd;

	world_make(&w);
	fd = again(&w);
	signals_catch();
	CHECK_INT(lock_take(fd, 0, "x", &w.e), 0);
	raise(SIGTERM);
	CHECK_INT(lock_take(w.inside, NO_DEADLINE, "x", &w.e), -1);
	CHECK_INT(w.e.kind, ERR_INTERRUPTED);
	signal_forget();
	close(fd);
	world_drop(&w);
}

/* Whoever waited has the file that the next one finds, not one that was removed meanwhile. */
TEST(the_file_of_a_lock_may_be_removed)
{
	struct world w;
	struct stat st;
	int fd, status;
	pid_t pid;

	world_make(&w);
	CHECK((fd = lock_file(w.inside, ".1:2", O_CLOEXEC, 0, "x", &w.e)) >= 0);
	CHECK_INT(fstatat(w.inside, ".1:2", &st, 0), 0);
	CHECK_INT(st.st_mode, S_IFREG | 0600);
	if ((pid = fork()) == 0) {
		close(fd);
		fd = lock_file(w.inside, ".1:2", O_CLOEXEC, deadline_in(10000), "x", &w.e);
		_exit(fd < 0 ||
		      lock_file(w.inside, ".1:2", O_CLOEXEC, 0, "x", &w.e) >= 0 ? 1 : 0);
	}
	usleep(50000);
	CHECK_INT(unlinkat(w.inside, ".1:2", 0), 0);
	close(fd);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	world_drop(&w);
}

TEST(no_link_is_followed_to_a_lock)
{
	struct world w;

	world_make(&w);
	CHECK_INT(symlinkat("../outside/kept", w.inside, "x"), 0);
	CHECK_INT(lock_file(w.inside, "x", O_CLOEXEC, 0, "x", &w.e), -1);
	world_drop(&w);
}
