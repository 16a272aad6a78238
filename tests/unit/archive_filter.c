/* Each call is tried by a process of its own behind the filter: it is let through, or it
 * is the last thing that the process does. */

#include "lib/archive/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "tests/unit/disk_world.h"

enum { NO_DEVICES, DEVICES_TOO };

/* The exit status, or minus the signal that killed it. */
static int behind_filter(int with_devices, int (*act)(const void *arg), const void *arg)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		struct err e = { 0 };

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    filter_install(with_devices, &e) < 0)
			_exit(100);
		_exit(act(arg));
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

struct call {
	const char *what;
	long nr;
	long args[6];
};

static int do_call(const void *arg)
{
	const struct call *c = arg;
	long rc = syscall(c->nr, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4],
	                  c->args[5]);

	return rc < 0 ? 1 : 0;
}

static void refused(int with_devices, const struct call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int how = behind_filter(with_devices, do_call, &calls[i]);

		if (how != -SIGSYS) test_fail(__FILE__, __LINE__, "%s: %d", calls[i].what, how);
	}
}

#define REFUSED(with_devices, calls) \
	refused(with_devices, calls, sizeof(calls) / sizeof *(calls))
#define TEXT(s) ((long)(intptr_t)(s))

static char *const no_words[] = { NULL };

TEST(what_leads_out_of_the_tree_is_refused)
{
	const struct call calls[] = {
		{ "socket", SYS_socket, { AF_INET, SOCK_STREAM } },
		{ "socket of netlink", SYS_socket, { AF_NETLINK, SOCK_RAW } },
		{ "socket of unix", SYS_socket, { AF_UNIX, SOCK_STREAM } },
		{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM } },
		{ "connect", SYS_connect, { 0 } },
		{ "sendto", SYS_sendto, { 1 } },
		{ "execve", SYS_execve, { TEXT("/bin/true"), TEXT(no_words), TEXT(no_words) } },
		{ "execveat", SYS_execveat,
		  { AT_FDCWD, TEXT("/bin/true"), TEXT(no_words), TEXT(no_words) } },
		{ "fork", SYS_clone, { SIGCHLD } },
		{ "memory shared with a process", SYS_clone,
		  { CLONE_VM | CLONE_VFORK | SIGCHLD } },
		{ "unshare", SYS_unshare, { CLONE_NEWUSER } },
		{ "setns", SYS_setns, { 0 } },
		{ "chroot", SYS_chroot, { TEXT(".") } },
		{ "pivot_root", SYS_pivot_root, { TEXT("."), TEXT(".") } },
		{ "mount", SYS_mount, { TEXT("none"), TEXT("/"), TEXT("tmpfs") } },
		{ "open_tree", SYS_open_tree, { AT_FDCWD, TEXT("/") } },
		{ "open_by_handle_at", SYS_open_by_handle_at, { AT_FDCWD } },
		{ "memfd_create", SYS_memfd_create, { TEXT("x") } },
		{ "dup", SYS_dup, { 1 } },
		{ "fcntl", SYS_fcntl, { 1, F_SETOWN, 1 } },
		{ "io_uring_setup", SYS_io_uring_setup, { 1 } },
		{ "bpf", SYS_bpf, { BPF_MAP_CREATE } },
		{ "perf_event_open", SYS_perf_event_open, { 0 } },
		{ "keyctl", SYS_keyctl, { 0 } },
		{ "userfaultfd", SYS_userfaultfd, { 0 } },
		{ "syslog", SYS_syslog, { 3 } },
		{ "reboot", SYS_reboot, { 0 } },
		{ "finit_module", SYS_finit_module, { 0 } },
		{ "setuid", SYS_setuid, { 0 } },
		{ "capset", SYS_capset, { 0 } },
		{ "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1 } },
		{ "seccomp", SYS_seccomp, { SECCOMP_SET_MODE_STRICT } },
		{ "setrlimit", SYS_prlimit64, { 0 } },
	};

	REFUSED(DEVICES_TOO, calls);
}

TEST(other_processes_and_terminals_are_out_of_reach)
{
	const struct call calls[] = {
		{ "kill", SYS_kill, { getpid(), 0 } },
		{ "tkill", SYS_tkill, { getpid(), 0 } },
		{ "tgkill", SYS_tgkill, { getpid(), getpid(), 0 } },
		{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { getpid(), 0 } },
		{ "pidfd_open", SYS_pidfd_open, { getpid() } },
		{ "pidfd_getfd", SYS_pidfd_getfd, { 0 } },
		{ "pidfd_send_signal", SYS_pidfd_send_signal, { 0 } },
		{ "ptrace", SYS_ptrace, { PTRACE_ATTACH, getpid() } },
		{ "process_vm_readv", SYS_process_vm_readv, { getpid() } },
		{ "process_vm_writev", SYS_process_vm_writev, { getpid() } },
		{ "kcmp", SYS_kcmp, { getpid() } },
		{ "ioctl", SYS_ioctl, { 2, TIOCSTI, TEXT("x") } },
		{ "ioctl to look", SYS_ioctl, { 2, TIOCGWINSZ } },
		{ "fork in a thread's dress", SYS_clone,
		  { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_NEWNS } },
	};

	REFUSED(DEVICES_TOO, calls);
}

TEST(no_memory_becomes_executable)
{
	const struct call calls[] = {
		{ "mmap", SYS_mmap,
		  { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
		{ "mprotect", SYS_mprotect, { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC } },
		{ "pkey_mprotect", SYS_pkey_mprotect, { 0, 4096, PROT_EXEC, -1 } },
		{ "personality", SYS_personality, { 0x0400000 } },
	};

	REFUSED(DEVICES_TOO, calls);
}

#define MAKE(what, mode, major, minor) \
	{ what, SYS_mknodat, \
	  { AT_FDCWD, TEXT("/tmp/jlmkr-filter-node"), mode, (long)makedev(major, minor) } }

TEST(no_other_devices_can_be_made)
{
	const struct call calls[] = {
		MAKE("a disk", S_IFBLK | 0600, 8, 0),
		MAKE("a disk with null's number", S_IFBLK | 0600, 1, 3),
		MAKE("/dev/mem", S_IFCHR | 0600, 1, 1),
		MAKE("/dev/kmsg", S_IFCHR | 0600, 1, 11),
		MAKE("a terminal", S_IFCHR | 0600, 4, 1),
		MAKE("/dev/net/tun", S_IFCHR | 0600, 10, 200),
		MAKE("null with a high minor", S_IFCHR | 0600, 1, 0x103),
		MAKE("a file", S_IFREG | 0600, 0, 0),
		MAKE("a socket", S_IFSOCK | 0600, 0, 0),
		{ "a disk, with more in the word", SYS_mknodat,
		  { AT_FDCWD, TEXT("/tmp/jlmkr-filter-node"), 0x7fff0000L | S_IFBLK | 0600,
		    0x800 } },
	};
	const struct call null[] = { MAKE("null", S_IFCHR | 0600, 1, 3) };

	REFUSED(NO_DEVICES, calls);
	REFUSED(DEVICES_TOO, calls);
	REFUSED(NO_DEVICES, null);
	CHECK(access("/tmp/jlmkr-filter-node", F_OK) < 0);
}

#ifdef __x86_64__
static int call_32_bit(const void *arg)
{
	long rc;

	(void)arg;
	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(20L /* getpid */) : "memory");
	return rc < 0;
}

TEST(other_ways_into_the_kernel_are_refused)
{
	/* read has number 0 in the table, and 0x40000000 in x32 */
	const struct call calls[] = {
		{ "creat", SYS_creat, { TEXT("/tmp/jlmkr-filter-node"), 0600 } },
		{ "mknod", SYS_mknod, { TEXT("/tmp/jlmkr-filter-node"), S_IFIFO | 0600 } },
		{ "vfork", SYS_vfork, { 0 } },
		{ "x32", 0x40000000, { 0 } },
		{ "modify_ldt", SYS_modify_ldt, { 0 } },
		{ "ioperm", SYS_ioperm, { 0, 1, 1 } },
	};

	REFUSED(DEVICES_TOO, calls);
	CHECK_INT(behind_filter(DEVICES_TOO, call_32_bit, NULL), -SIGSYS);
}
#endif

static const int majors[] = { 0, 1, 1, 1, 1, 1, 5, 5, 5, 10 };
static const int minors[] = { 0, 3, 5, 7, 8, 9, 0, 1, 2, 229 };

/* EPERM is the kernel's answer to who may not make devices: then it got through. */
static int make_nodes(const void *arg)
{
	int top = *(const int *)arg;

	if (mknodat(top, "fifo", S_IFIFO | 0600, 0) < 0) return 1;
	for (int i = 0; i < 10; i++) {
		if (mknodat(top, "node", S_IFCHR | 0600, makedev(majors[i], minors[i])) < 0 &&
		    errno != EPERM)
			return 2;
		unlinkat(top, "node", 0);
	}
	return 0;
}

static void *add_one(void *arg)
{
	*(int *)arg += (int)sizeof(arg);
	free(malloc(100000));
	return arg;
}

static int run_threads(const void *arg)
{
	pthread_t t[4];
	int n[4] = { 0 };

	(void)arg;
	for (int i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, add_one, &n[i])) return 1;
	for (int i = 0; i < 4; i++)
		if (pthread_join(t[i], NULL) || n[i] != sizeof(void *)) return 2;
	return 0;
}

static int use_memory(const void *arg)
{
	char *p = malloc(4 << 20);

	(void)arg;
	if (!p) return 1;
	memset(p, 1, 4 << 20);
	if (!(p = realloc(p, 64 << 20))) return 2;
	free(p);
	return 0;
}

TEST(what_making_files_takes_passes)
{
	struct world w;

	world_make(&w);
	CHECK_INT(behind_filter(DEVICES_TOO, make_nodes, &w.inside), 0);
	CHECK_INT(behind_filter(NO_DEVICES, run_threads, NULL), 0);
	CHECK_INT(behind_filter(NO_DEVICES, use_memory, NULL), 0);
	world_drop(&w);
}

TEST(it_takes_no_new_privs_of_who_is_not_root)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err e = { 0 };

		if (geteuid() == 0 && setuid(65534) < 0) _exit(1);
		_exit(filter_install(false, &e) < 0 && e.sys == EACCES ? 0 : 2);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}
