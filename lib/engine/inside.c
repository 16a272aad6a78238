#include "lib/engine/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/engine/inside_impl.h"
#include "lib/engine/nsenter.h"

enum {
	ENVOY_MS = 10 * 1000,
	FDS_MAX = FD_NS + NS_COUNT + CGROUPS_MAX,
	FDS_ABOVE = 128,	/* where descriptors wait while they are put in order */
};

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u		/* Linux 6.3 */
#endif

const char inside_name[] = "(jlmkr)";

/* What the envoy gets: its descriptors in their order, of which the first three are the
 * caller's, and the program itself. */
struct luggage {
	struct plan_inside plan;
	int fds[FDS_MAX];
	int n;
	int program;
	char *const *env;
	char **argv;
};

/* -- packing -- */

static int copy_program(int to, struct err *e)
{
	AUTOCLOSE int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 1;

	if (self < 0 || fstat(self, &st) < 0) return fail_sys(e, "/proc/self/exe");
	for (off_t at = 0; at < st.st_size && n > 0;)
		n = sendfile(to, self, &at, (size_t)(st.st_size - at));
	if (n <= 0 || fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW |
	                                     F_SEAL_WRITE) < 0)
		return fail_sys(e, "copy this program");
	return 0;
}

/* Who is in the jail may find his way from a process to its program, and this one's must
 * not be ours (CVE-2019-5736). */
static int sealed_program(struct err *e)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	AUTOCLOSE int fd = memfd_create("jlmkr", flags | MFD_EXEC);

	if (fd < 0 && errno == EINVAL) fd = memfd_create("jlmkr", flags);
	if (fd < 0) return fail_sys(e, "memfd_create");
	return copy_program(fd, e) < 0 ? -1 : take_fd(&fd);
}

/* A file in memory with these bytes, to be read from its start. */
static int packed(const void *data, size_t n, struct err *e)
{
	AUTOCLOSE int fd = memfd_create("jlmkr", MFD_CLOEXEC);

	if (fd < 0) return fail_sys(e, "memfd_create");
	if (n && pwrite(fd, data, n, 0) != (ssize_t)n) return fail_sys(e, "memfd");
	return take_fd(&fd);
}

static bool is_own_ns(const struct stat *theirs, const char *name)
{
	struct stat ours;
	char path[40];

	snprintf(path, sizeof path, "/proc/self/ns/%s", name);
	return stat(path, &ours) == 0 && same_file(&ours, theirs);
}

static int pack_namespaces(struct luggage *l, const struct nsenter *en, struct err *e)
{
	static const char *const names[NS_COUNT] = {
		[NS_CGROUP] = "cgroup", [NS_UTS] = "uts", [NS_IPC] = "ipc", [NS_NET] = "net",
		[NS_PID] = "pid", [NS_MNT] = "mnt", [NS_USER] = "user",
	};
	char path[16];

	for (int i = 0; i < NS_COUNT; i++) {
		struct stat st;
		int fd;

		snprintf(path, sizeof path, "ns/%s", names[i]);
		fd = openat(en->proc, path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0) return fail_sys(e, "%s", path);
		if (is_own_ns(&st, names[i])) {
			close(fd);
			continue;
		}
		l->plan.has_ns |= 1u << i;
		l->fds[l->n++] = fd;
	}
	return 0;
}

static int pack_cgroups(struct luggage *l, const struct nsenter *en, struct err *e)
{
	int n = cgroups_open(en->proc, l->fds + l->n, e);

	if (n < 0) return -1;
	l->plan.cgroup_count = (uint32_t)n;
	l->n += n;
	return 0;
}

static int keep(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int pack(struct luggage *l, const struct nsenter *en, int said, int alive, struct err *e)
{
	l->n = FD_NS;
	l->fds[FD_SAID] = keep(said);
	l->fds[FD_ALIVE] = keep(alive);
	l->fds[FD_ROOT] = keep(en->root);
	if ((l->fds[FD_FILTERS] = packed(NULL, 0, e)) < 0 ||
	    rights_read(&l->plan.rights, en->leader, en->proc, l->fds[FD_FILTERS], e) < 0 ||
	    pack_namespaces(l, en, e) < 0 || pack_cgroups(l, en, e) < 0 ||
	    (l->fds[FD_PLAN] = packed(&l->plan, sizeof l->plan, e)) < 0)
		return -1;
	return (l->program = sealed_program(e)) < 0 ? -1 : 0;
}

static void unpack(struct luggage *l)
{
	for (int i = FD_PLAN; i < FDS_MAX; i++)
		if (l->fds[i] >= 0) close(l->fds[i]);
	if (l->program >= 0) close(l->program);
}

/* -- the child that becomes the envoy -- */

/* First all of them out of the way, then each to its place; what has none is closed. */
static int arrange(struct luggage *l)
{
	l->program = fcntl(l->program, F_DUPFD_CLOEXEC, FDS_ABOVE);
	for (int i = 0; i < l->n; i++)
		if ((l->fds[i] = fcntl(l->fds[i], F_DUPFD_CLOEXEC, FDS_ABOVE)) < 0) return -1;
	for (int i = 0; i < l->n; i++)
		if (dup2(l->fds[i], i) < 0) return -1;
	if (l->program < 0 || (l->program = dup3(l->program, l->n, O_CLOEXEC)) < 0) return -1;
	return (int)syscall(SYS_close_range, (unsigned)l->n + 1, ~0u, 0);
}

static void signals_default(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		sigaction(sig, &plain, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Another program of its own is one without our memory. */
static _Noreturn void become_envoy(struct luggage *l)
{
	struct word_inside word = { .step = WORD_ENVOY };

	signals_default();
	if (arrange(l) == 0)
		syscall(SYS_execveat, l->program, "", l->argv, l->env, AT_EMPTY_PATH);
	word.value = errno;
	_exit(write(FD_SAID, &word, sizeof word) < 0);
}

/* -- in us -- */

static int hear(int fd, struct word_inside *word, int64_t deadline, struct err *e)
{
	int n = wait_fd(fd, POLLIN, deadline, e);

	if (n < 0) return -1;
	if (n == 0) return fail(e, ERR_HOST, "the jail does not let us in in time");
	if (read(fd, word, sizeof *word) == sizeof *word) return 0;
	return fail(e, ERR_HOST, "the jail does not let us in: its system call filter forbids "
	            "what a new process has to do");
}

/* The jail's root may have got hold of the guest's end of the pipe: only a child of ours is
 * believed to be one. */
static bool is_child(pid_t pid)
{
	siginfo_t info;

	return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The guest may be quicker than the envoy. */
static int meet(struct guest *g, struct err *e)
{
	int64_t deadline = deadline_in(ENVOY_MS);
	struct word_inside word;

	for (;;) {
		if (hear(g->said, &word, deadline, e) < 0) return -1;
		if (word.step < INSIDE_RAN) break;
		g->step = word.step;
		g->why = word.value;
	}
	g->pid = word.value;
	if (word.step == WORD_GUEST && is_child(g->pid)) return 0;
	errno = word.step == WORD_ENVOY ? word.value : EPROTO;
	return fail_sys(e, "go into the jail");
}

static int send_envoy(struct guest *g, struct luggage *l, struct err *e)
{
	pid_t pid = fork();
	int rc;

	if (pid == 0) become_envoy(l);
	if (pid < 0) return fail_sys(e, "fork");
	close(l->fds[FD_SAID]);
	l->fds[FD_SAID] = -1;
	rc = meet(g, e);
	if (rc < 0) kill(pid, SIGKILL);
	while (waitpid(pid, NULL, rc < 0 ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	return rc;
}

static char **envoy_words(struct arena *m, char *const *argv)
{
	struct words w = { .m = m };

	words_add(&w, inside_name);
	words_add_all(&w, argv);
	return words_list(&w);
}

static int start(struct guest *g, struct luggage *l, const struct nsenter *en, struct err *e)
{
	int said[2], alive[2], rc;

	if (pipe2(said, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	if (pipe2(alive, O_CLOEXEC) < 0) {
		fail_sys(e, "pipe");
		close(said[0]);
		close(said[1]);
		return -1;
	}
	*g = (struct guest){ .said = said[0], .alive = alive[1] };
	rc = pack(l, en, said[1], alive[0], e);
	close(said[1]);
	close(alive[0]);
	if (rc == 0) rc = send_envoy(g, l, e);
	unpack(l);
	if (rc == 0) return 0;
	close(g->said);
	close(g->alive);
	g->pid = 0;
	return -1;
}

static void luggage_init(struct luggage *l, const int *stdio)
{
	memset(l, 0, sizeof *l);
	for (int i = 0; i < FDS_MAX; i++)
		l->fds[i] = i < FD_PLAN ? stdio[i] : -1;
	l->plan.magic = INSIDE_MAGIC;
	l->plan.parent = getpid();
	l->program = -1;
}

int inside_start(struct guest *g, const struct nsenter *en, const struct inside *what,
                 struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct luggage *l = arena_alloc(&m, sizeof *l);

	luggage_init(l, what->stdio);
	if (strlen(what->cwd) >= sizeof l->plan.cwd)
		return fail(e, ERR_USAGE, "%s: too long for a folder", what->cwd);
	strcpy(l->plan.cwd, what->cwd);
	l->plan.uid = what->uid;
	l->plan.gid = what->gid;
	l->plan.terminal = what->terminal;
	l->argv = envoy_words(&m, what->argv);
	l->env = what->env;
	return start(g, l, en, e);
}

enum inside_step inside_end(struct guest *g, int *why)
{
	struct word_inside word;

	close(g->alive);
	if (fcntl(g->said, F_SETFL, O_NONBLOCK) == 0 &&
	    read(g->said, &word, sizeof word) == sizeof word) {
		g->step = word.step;
		g->why = word.value;
	}
	close(g->said);
	g->pid = 0;
	*why = g->why;
	return g->step > INSIDE_RAN && g->step <= INSIDE_NO_COMMAND ? (enum inside_step)g->step
	                                                            : INSIDE_RAN;
}

/* The errno that the guest ends with. */
static int await_connect(pid_t pid, int64_t deadline, struct err *e)
{
	AUTOCLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int status, rc = pidfd < 0 ? fail_sys(e, "pidfd_open")
	                           : wait_fd(pidfd, POLLIN, deadline, e);

	if (rc <= 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
		errno = ETIMEDOUT;
		return rc < 0 ? -1 : fail_sys(e, "connect in the jail");
	}
	if (waitpid(pid, &status, 0) < 0) return fail_sys(e, "waitpid");
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECONNRESET;
	return errno ? fail_sys(e, "connect in the jail") : 0;
}

int inside_connect(const struct nsenter *en, const char *path, int64_t deadline, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	AUTOCLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct luggage *l = arena_alloc(&m, sizeof *l);
	static char *const none[] = { NULL };
	struct guest g;
	int rc, why;

	if (fd < 0 || null < 0) return fail_sys(e, "socket");
	luggage_init(l, (int[]){ fd, null, null });
	if (strlen(path) >= sizeof l->plan.connect)
		return fail(e, ERR_HOST, "%s: too long for a socket", path);
	strcpy(l->plan.connect, path);
	l->argv = envoy_words(&m, none);
	l->env = none;
	if (start(&g, l, en, e) < 0) return -1;
	rc = await_connect(g.pid, deadline, e);
	inside_end(&g, &why);
	return rc < 0 ? -1 : take_fd(&fd);
}
