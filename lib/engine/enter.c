#include "lib/engine/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"

enum {
	STATUS_MAX = 64 * 1024,
	CONNECT_TRIES = 100,
	CONNECT_STEP_NS = 10 * 1000 * 1000,
};

/* In the order in which they are entered: the user namespace last, because it
 * takes away what the others need. */
static const struct {
	const char *name;
	int flag;
	bool always;
} spaces[ENTER_NS_COUNT] = {
	[ENTER_PID] = { "pid", CLONE_NEWPID, true },
	[ENTER_MNT] = { "mnt", CLONE_NEWNS, true },
	[ENTER_CGROUP] = { "cgroup", CLONE_NEWCGROUP, false },
	[ENTER_UTS] = { "uts", CLONE_NEWUTS, false },
	[ENTER_IPC] = { "ipc", CLONE_NEWIPC, false },
	[ENTER_NET] = { "net", CLONE_NEWNET, false },
	[ENTER_USER] = { "user", CLONE_NEWUSER, true },
};

/* -- opening -- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Leaves -1 for a namespace that is ours as well. */
static int open_ns(struct enter *en, int proc, enum enter_ns which, struct err *e)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/ns/%s", spaces[which].name);
	if (stat(path, &ours) < 0) return fail_sys(e, "%s", path);
	snprintf(path, sizeof path, "ns/%s", spaces[which].name);
	if (fstatat(proc, path, &theirs, 0) < 0) return fail_sys(e, "%s", path);
	if (same_file(&ours, &theirs)) return 0;
	en->ns[which] = openat(proc, path, O_RDONLY | O_CLOEXEC);
	return en->ns[which] < 0 ? fail_sys(e, "%s", path) : 0;
}

/* NSpid lists the process's number in each pid namespace, ours first. */
static int check_first(int proc, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *status = read_file(&m, proc, "status", STATUS_MAX, NULL, e);
	char *line = status ? strstr(status, "\nNSpid:\t") : NULL;
	const char *last;

	if (!status) return -1;
	if (!line) return fail(e, ERR_HOST, "this kernel does not tell of pid namespaces");
	line += strlen("\nNSpid:\t");
	line[strcspn(line, "\n")] = 0;
	last = strrchr(line, '\t');
	if (!last || strcmp(last, "\t1") != 0)
		return fail(e, ERR_HOST, "it is not the first process of a jail");
	return 0;
}

static int check_root(const struct enter *en, struct err *e)
{
	struct stat ours, theirs;

	if (stat("/", &ours) < 0 || fstat(en->root, &theirs) < 0) return fail_sys(e, "root");
	if (en->ns[ENTER_PID] < 0 || en->ns[ENTER_MNT] < 0 || same_file(&ours, &theirs))
		return fail(e, ERR_HOST, "it is not in a jail but on this host");
	return 0;
}

static bool is_alive(const struct enter *en)
{
	struct pollfd p = { .fd = en->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static int open_all(struct enter *en, struct err *e)
{
	char path[32];
	AUTOCLOSE int proc = -1;

	en->pidfd = (int)syscall(SYS_pidfd_open, en->leader, 0);
	if (en->pidfd < 0) return fail_sys(e, "pidfd_open");
	snprintf(path, sizeof path, "/proc/%d", (int)en->leader);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0) return fail_sys(e, "%s", path);
	if (check_first(proc, e) < 0) return -1;
	for (enum enter_ns i = 0; i < ENTER_NS_COUNT; i++)
		if (open_ns(en, proc, i, e) < 0) return -1;
	en->root = openat(proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (en->root < 0) return fail_sys(e, "root");
	return check_root(en, e);
}

/* That the process lived all the while tells that everything was its own. */
int enter_open(struct enter *en, pid_t leader, struct err *e)
{
	int rc;

	*en = (struct enter){ .leader = leader, .pidfd = -1, .root = -1 };
	for (int i = 0; i < ENTER_NS_COUNT; i++)
		en->ns[i] = -1;
	rc = open_all(en, e);
	if (en->pidfd < 0 || !is_alive(en))
		rc = fail(e, ERR_MISSING, "it is not running any more");
	if (rc < 0) {
		fail_in(e, "process %d", (int)leader);
		enter_close(en);
	}
	return rc;
}

static void close_one(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

void enter_close(struct enter *en)
{
	close_one(&en->pidfd);
	close_one(&en->root);
	for (int i = 0; i < ENTER_NS_COUNT; i++)
		close_one(&en->ns[i]);
}

/* -- in the children: no memory is asked for, nothing is returned to -- */

static void signals_default(void)
{
	static const int list[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD };
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigemptyset(&none);
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		sigaction(list[i], &plain, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Returns an errno, 0 when we are in. We were born in the pid namespace. A jail may
 * deny setgroups; it has no groups of the host then. */
static int go_in(const struct enter *en, bool all)
{
	for (int i = ENTER_PID + 1; i < ENTER_NS_COUNT; i++) {
		if (en->ns[i] < 0 || !(all || spaces[i].always)) continue;
		if (setns(en->ns[i], spaces[i].flag) < 0) return errno;
	}
	if (fchdir(en->root) < 0 || chroot(".") < 0) return errno;
	if (setgroups(0, NULL) < 0 && errno != EPERM) return errno;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) return errno;
	return 0;
}

static _Noreturn void child(const struct enter *en, bool all, int tell, int (*inside)(void *),
                            void *arg)
{
	int why;

	signals_default();
	why = go_in(en, all);
	if (why) _exit(write(tell, &why, sizeof why) == sizeof why ? 255 : 254);
	close(tell);
	_exit(inside(arg));
}

/* -- forking -- */

/* Like fork(2), the child in the jail's pid namespace. Entering one decides where
 * our children are born, not where we are, and can be taken back. */
static pid_t fork_there(const struct enter *en, struct err *e)
{
	AUTOCLOSE int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (own < 0) return fail_sys(e, "/proc/self/ns/pid");
	if (setns(en->ns[ENTER_PID], CLONE_NEWPID) < 0) return fail_sys(e, "enter the jail");
	pid = fork();
	if (pid == 0) return 0;
	if (pid < 0) fail_sys(e, "fork in the jail");
	if (setns(own, CLONE_NEWPID) < 0) pid = fail_sys(e, "leave the jail");
	return pid;
}

/* The pipe ends without a word when all went well. */
static int hear(int fd, struct err *e)
{
	int why = 0;
	ssize_t n;

	do {
		n = read(fd, &why, sizeof why);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof why) return 0;
	errno = why;
	return fail_sys(e, "enter the jail");
}

pid_t enter_fork(const struct enter *en, bool all, int (*inside)(void *arg), void *arg,
                 struct err *e)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	pid = fork_there(en, e);
	if (pid == 0) child(en, all, ends[1], inside, arg);
	close(ends[1]);
	if (pid > 0 && hear(ends[0], e) < 0) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ends[0]);
	return pid;
}

struct where {
	int fd;
	struct sockaddr_un sa;
};

/* EAGAIN: more callers than the server has accepted yet. */
static int connect_inside(void *arg)
{
	const struct timespec step = { .tv_nsec = CONNECT_STEP_NS };
	const struct where *to = arg;
	const struct sockaddr *sa = (const struct sockaddr *)&to->sa;

	for (int i = 0; i < CONNECT_TRIES; i++) {
		if (connect(to->fd, sa, sizeof to->sa) == 0) return 0;
		if (errno != EAGAIN && errno != EINTR) return errno;
		nanosleep(&step, NULL);
	}
	return EAGAIN;
}

/* The errno that connect_inside ended with. */
static int wait_errno(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int enter_connect(const struct enter *en, const char *path, struct err *e)
{
	AUTOCLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct where to = { .fd = fd, .sa = { .sun_family = AF_UNIX } };
	pid_t pid;

	if (fd < 0) return fail_sys(e, "socket");
	if (strlen(path) >= sizeof to.sa.sun_path)
		return fail(e, ERR_HOST, "%s: too long for a socket", path);
	strcpy(to.sa.sun_path, path);
	if ((pid = enter_fork(en, false, connect_inside, &to, e)) < 0) return -1;
	errno = wait_errno(pid);
	return errno ? fail_sys(e, "connect to %s in the jail", path) : take_fd(&fd);
}
