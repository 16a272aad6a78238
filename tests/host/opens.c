/* opens PATH PROGRAM [ARGUMENT]...: run the program, and write to descriptor 3 how often it and its
 * children have looked PATH up and opened it. Whoever lists an open directory opens `.` in it: that
 * does not count. */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	          PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL,
	CALL_STOP = SIGTRAP | 0x80,
};

static const char *wanted;
static int count;

/* At the end of a call that has given a descriptor. */
static void count_if_wanted(pid_t pid, long fd)
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%d/fd/%ld", (int)pid, fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0) return;
	path[n] = 0;
	count += !strcmp(path, wanted);
}

static bool is_open(unsigned long long nr)
{
#ifdef SYS_open
	if (nr == SYS_open) return true;
#endif
	return nr == SYS_openat || nr == SYS_openat2;
}

static bool is_dot(pid_t pid, unsigned long long path)
{
	long word = ptrace(PTRACE_PEEKDATA, pid, (void *)path, 0);

	return !memcmp(&word, ".", 2);
}

/* A call stops a process twice; the kernel says which of the two it is, and which call. */
static void at_call(pid_t pid)
{
	static struct { pid_t pid; bool counts; } calls[256];
	struct __ptrace_syscall_info info;
	size_t at = (size_t)pid % 256;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		calls[at].pid = pid;
		calls[at].counts = is_open(info.entry.nr) && !is_dot(pid, info.entry.args[1]);
	}
	if (info.op != PTRACE_SYSCALL_INFO_EXIT || info.exit.is_error || calls[at].pid != pid) return;
	if (calls[at].counts) count_if_wanted(pid, (long)info.exit.rval);
}

int main(int argc, char **argv)
{
	int status, code = 125;
	pid_t first, pid;

	if (argc < 3) return 2;
	wanted = argv[1];
	if ((first = fork()) == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (waitpid(first, &status, 0) != first) return 2;
	ptrace(PTRACE_SETOPTIONS, first, 0, OPTIONS);
	ptrace(PTRACE_SYSCALL, first, 0, 0);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		long sig = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (!WIFSTOPPED(status)) {
			if (pid == first) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
			continue;
		}
		if (sig == CALL_STOP) at_call(pid);
		if (sig == CALL_STOP || sig == SIGTRAP || sig == SIGSTOP) sig = 0;
		ptrace(PTRACE_SYSCALL, pid, 0, sig);
	}
	dprintf(3, "%d\n", count);
	return code;
}
