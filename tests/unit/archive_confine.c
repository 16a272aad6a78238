/* What the process that unpacks can reach: it says so through the only way out. */

#include "lib/archive/confine.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/disk_world.h"

enum { CONFINED = 1, OPENED = 2, MASKED = 4, MORE_FDS = 8 };

static const char *const outside[] = {
	"/etc/passwd", "/proc/self/environ", "/proc/1/root", "/tmp", "/dev/null",
	"../outside/kept", "../../../../../../etc/passwd", "/../../../../../../etc/passwd",
};

static unsigned char look_around(int above)
{
	unsigned char found = CONFINED;
	struct stat st;

	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		if (openat(AT_FDCWD, outside[i], O_RDONLY) >= 0) found |= OPENED;
	if (openat(above, "outside/kept", O_RDONLY) >= 0) found |= OPENED;
	for (int fd = 3; fd < 100; fd++)
		if (read(fd, &st, 0) == 0 || errno != EBADF) found |= MORE_FDS;
	/* ".." of the root is the root. */
	if (openat(AT_FDCWD, "..", O_RDONLY | O_DIRECTORY) != 3) found |= MORE_FDS;
	if (openat(3, "outside", O_RDONLY) >= 0) found |= OPENED;
	if (mkdirat(AT_FDCWD, "dir", 0777) < 0 || fstatat(3, "dir", &st, 0) < 0 ||
	    (st.st_mode & 0777) != 0777)
		found |= MASKED;
	return found;
}

static int behind_walls(const struct world *w, const int in[2], const int out[2],
                        void (*act)(int out))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		const struct confined to = { w->inside, in[0], out[1], -1 };
		uint64_t memory = confine_memory_used() + CONFINE_ARCHIVE;
		struct err e = { 0 };
		unsigned char found;

		umask(077);
		if (confine(&to, false, memory, &e) < 0) _exit(100);
		if (act) act(1);
		found = look_around(w->top);
		_exit(write(2, &found, 1) != 1);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void signal_parent(int out)
{
	syscall(SYS_kill, getppid(), 0);
	if (write(out, "x", 1) < 0) _exit(1);
}

static void begin(struct world *w, int in[2], int out[2])
{
	if (geteuid() != 0) SKIP("only root may do that");
	world_make(w);
	CHECK_INT(pipe(in), 0);
	CHECK_INT(pipe(out), 0);
}

static void end(struct world *w, const int in[2], const int out[2])
{
	for (int i = 0; i < 2; i++) {
		close(in[i]);
		close(out[i]);
	}
	world_drop(w);
}

TEST(nothing_outside_of_the_root_can_be_opened)
{
	struct world w;
	int in[2], out[2];
	unsigned char found = 0;

	begin(&w, in, out);
	CHECK_INT(behind_walls(&w, in, out, NULL), 0);
	CHECK_INT(read(out[0], &found, 1), 1);
	CHECK_INT(found, CONFINED);
	end(&w, in, out);
}

TEST(who_tries_is_killed_before_it_can_go_on)
{
	struct world w;
	int in[2], out[2];
	char said;

	begin(&w, in, out);
	CHECK_INT(behind_walls(&w, in, out, signal_parent), -SIGSYS);
	close(out[1]);
	CHECK_INT(read(out[0], &said, 1), 0);
	out[1] = -1;
	end(&w, in, out);
}
