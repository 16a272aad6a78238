/* The envoy and the guest. Nothing here asks for memory, and whatever fails is said through
 * one pipe and ends the process. The order is the point: what takes away comes before the
 * guest is born, and what the jail can reach is never there before it. */

#include "lib/engine/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/engine/inside_impl.h"

enum { CONNECT_TRIES = 100, CONNECT_STEP_NS = 10 * 1000 * 1000 };

extern char **environ;

static _Noreturn void say(int step, int value)
{
	const struct word_inside word = { step, value };

	_exit(write(FD_SAID, &word, sizeof word) == sizeof word ? 125 : 124);
}

static void must(bool done)
{
	if (!done) say(WORD_ENVOY, errno);
}

/* -- the envoy -- */

/* Every change of credentials takes both back. */
static void hide(const struct plan_inside *p)
{
	must(prctl(PR_SET_DUMPABLE, 0) == 0);
	must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	errno = ECANCELED;
	must(getppid() == p->parent);
}

static void join_cgroups(const struct plan_inside *p)
{
	int fd = FD_NS + __builtin_popcount(p->has_ns);

	for (uint32_t i = 0; i < p->cgroup_count; i++)
		must(write(fd + (int)i, "0", 1) == 1);
}

/* The user namespace last, because it takes away what the others need. The pid namespace is
 * where our children are born; we stay outside. */
static void join_namespaces(const struct plan_inside *p)
{
	static const int flags[NS_COUNT] = {
		[NS_CGROUP] = CLONE_NEWCGROUP, [NS_UTS] = CLONE_NEWUTS, [NS_IPC] = CLONE_NEWIPC,
		[NS_NET] = CLONE_NEWNET, [NS_PID] = CLONE_NEWPID, [NS_MNT] = CLONE_NEWNS,
		[NS_USER] = CLONE_NEWUSER,
	};
	int fd = FD_NS;

	for (int i = 0; i < NS_COUNT; i++) {
		if (i == NS_USER) must(fchdir(FD_ROOT) == 0 && chroot(".") == 0);
		if (p->has_ns & 1u << i) must(setns(fd++, flags[i]) == 0);
	}
}

static void limit_capabilities(const struct rights *r)
{
	for (int cap = 0; cap < 64; cap++) {
		if (r->bounding & UINT64_C(1) << cap) continue;
		/* EINVAL: this kernel knows no such capability. */
		must(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0 || errno == EINVAL);
	}
}

/* Those of the leader for the jail's root, none for others. The kernel would take them from who
 * stops being root, which in a jail with users of its own the envoy never was. */
static void take_capabilities(const struct plan_inside *p)
{
	const struct rights none = { 0 }, *r = p->uid ? &none : &p->rights;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	for (int i = 0; i < 2; i++)
		caps[i] = (struct __user_cap_data_struct){
			.permitted = (uint32_t)(r->permitted >> 32 * i),
			.effective = (uint32_t)(r->effective >> 32 * i),
			.inheritable = (uint32_t)(r->inheritable >> 32 * i),
		};
	must(syscall(SYS_capset, &head, caps) == 0);
	for (int cap = 0; cap < 64; cap++)
		if (r->ambient & UINT64_C(1) << cap)
			must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0);
}

/* Read before the first is in force. */
static void take_filters(void)
{
	static struct sock_filter code[FILTERS_MAX][FILTER_LENGTH_MAX];
	struct filters list = { 0 };
	ssize_t n = pread(FD_FILTERS, &list, sizeof list, 0);
	off_t at = sizeof list;

	must(n == 0 || (n == sizeof list && list.count <= FILTERS_MAX));
	for (uint32_t i = 0; i < list.count; i++) {
		ssize_t size = (ssize_t)(sizeof **code * list.length[i]);

		must(list.length[i] <= FILTER_LENGTH_MAX &&
		     pread(FD_FILTERS, code[i], (size_t)size, at) == size);
		at += size;
	}
	close(FD_FILTERS);
	for (uint32_t i = 0; i < list.count; i++) {
		const struct sock_fprog program = { list.length[i], code[i] };

		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
	}
}

/* A jail may deny setgroups; it has no groups of the host then. The filters come while we
 * may still set them, and may forbid nothing that comes behind them. */
static void take_rights(const struct plan_inside *p)
{
	limit_capabilities(&p->rights);
	must(setgroups(0, NULL) == 0 || errno == EPERM);
	must(setresgid(p->gid, p->gid, p->gid) == 0);
	if (p->rights.no_new_privs) must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	take_filters();
	must(setresuid(p->uid, p->uid, p->uid) == 0);
	take_capabilities(p);
}

/* What stays open is the command's three, what we say, and a pipe that nobody can write. */
static void close_rest(void)
{
	close(FD_PLAN);
	must(fcntl(FD_FILTERS, F_SETFD, FD_CLOEXEC) == 0);
	must(fcntl(FD_SAID, F_SETFD, FD_CLOEXEC) == 0);
	must(fcntl(FD_ALIVE, F_SETFD, FD_CLOEXEC) == 0);
	must(syscall(SYS_close_range, (unsigned)FD_ROOT, ~0u, 0) == 0);
}

/* -- the guest -- */

/* EAGAIN: more callers than the server has accepted yet. */
static _Noreturn void connect_to(const char *path)
{
	const struct timespec step = { .tv_nsec = CONNECT_STEP_NS };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	memcpy(sa.sun_path, path, sizeof sa.sun_path);
	for (int i = 0; i < CONNECT_TRIES; i++) {
		if (connect(0, (struct sockaddr *)&sa, sizeof sa) == 0) _exit(0);
		if (errno != EAGAIN && errno != EINTR) _exit(errno);
		nanosleep(&step, NULL);
	}
	_exit(EAGAIN);
}

/* In the PATH of the command's own environment. ENOENT: nowhere; EACCES counts for more. */
static void run_command(char **argv)
{
	const char *path = getenv("PATH");
	char file[4096];
	bool denied = false;

	if (strchr(argv[0], '/')) {
		execve(argv[0], argv, environ);
		return;
	}
	for (; path && *path; path += strcspn(path, ":"), path += *path == ':') {
		int n = snprintf(file, sizeof file, "%.*s/%s", (int)strcspn(path, ":"), path,
		                 argv[0]);

		if (*path != '/' || n >= (int)sizeof file) continue;
		execve(file, argv, environ);
		denied = denied || errno == EACCES;
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return;
	}
	errno = denied ? EACCES : ENOENT;
}

/* We may have ended before the guest could ask to end with us. */
static bool is_orphan(void)
{
	struct pollfd alive = { .fd = FD_ALIVE, .events = POLLIN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return poll(&alive, 1, 0) != 0;
}

/* The envoy has left the session of our terminal; the guest begins one of its own. */
static _Noreturn void be_guest(const struct plan_inside *p, char **argv)
{
	if (is_orphan()) say(INSIDE_ORPHANED, 0);
	close(FD_ALIVE);
	if (p->connect[0]) connect_to(p->connect);
	if (p->terminal && setsid() >= 0) ioctl(0, TIOCSCTTY, 0);
	if (chdir(p->cwd) < 0) say(INSIDE_NO_FOLDER, errno);
	run_command(argv);
	say(INSIDE_NO_COMMAND, errno);
}

/* fork(2), but for whose child it is. */
static pid_t beget(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

_Noreturn void inside_main(char **argv)
{
	static struct plan_inside p;
	pid_t pid;

	errno = EINVAL;
	must(pread(FD_PLAN, &p, sizeof p, 0) == sizeof p && p.magic == INSIDE_MAGIC);
	hide(&p);
	prctl(PR_SET_NAME, "jlmkr");
	join_cgroups(&p);
	must(setsid() >= 0);
	join_namespaces(&p);
	close_rest();
	take_rights(&p);
	hide(&p);
	pid = beget();
	if (pid == 0) be_guest(&p, argv + 1);
	must(pid > 0);
	say(WORD_GUEST, pid);
}
