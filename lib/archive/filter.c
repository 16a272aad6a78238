/* A table of rules becomes a program for the kernel, which compares a call with one rule
 * after the other. Frequent calls come first; kernels since 5.11 cache the calls that are
 * allowed with any argument. Only the lower half of an argument is compared, because the
 * kernel itself uses no more of a mode, a device number or these flags. */

#include "lib/archive/filter.h"

#include <endian.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/archive/device.h"
#include "lib/base/err.h"

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "the numbers of system calls are checked for x86-64 and aarch64 only"
#endif
_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "the lower half of an argument comes first");

/* A condition on an argument. A mask of 0: none. */
struct when {
	unsigned arg;
	uint32_t mask, value;
};

struct rule {
	uint32_t call;
	struct when when[2];	/* both must hold */
	uint16_t refuse;	/* the call fails with this errno; 0: it is allowed */
};

#define NOT_EXECUTABLE { { 2, PROT_EXEC, 0 } }

/* A thread of this process, without new namespaces. */
#define NEW_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
                        CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define A_THREAD { { 0, CLONE_VM | CLONE_THREAD | NEW_NAMESPACES, CLONE_VM | CLONE_THREAD } }

static const struct rule rules[] = {
	/* bytes in and out */
	{ .call = SYS_read },
	{ .call = SYS_write },
	{ .call = SYS_pwrite64 },
	{ .call = SYS_pread64 },
	{ .call = SYS_ftruncate },
	{ .call = SYS_close },

	/* names in the tree */
	{ .call = SYS_openat },
	{ .call = SYS_openat2 },
	{ .call = SYS_mkdirat },
	{ .call = SYS_symlinkat },
	{ .call = SYS_linkat },
	{ .call = SYS_unlinkat },
	{ .call = SYS_fchdir },
	{ .call = SYS_getdents64 },
	{ .call = SYS_mknodat, .when = { { 2, S_IFMT, S_IFIFO } } },

	/* what belongs to them */
	{ .call = SYS_utimensat },
	{ .call = SYS_fstat },
	{ .call = SYS_newfstatat },
	{ .call = SYS_fgetxattr },
	{ .call = SYS_fchown },
	{ .call = SYS_fchownat },
	{ .call = SYS_fchmod },
	{ .call = SYS_fchmodat },
	{ .call = SYS_fsetxattr },
	{ .call = SYS_lsetxattr },
	{ .call = SYS_fremovexattr },
	{ .call = SYS_lremovexattr },

	/* memory */
	{ .call = SYS_mmap, .when = NOT_EXECUTABLE },
	{ .call = SYS_mprotect, .when = NOT_EXECUTABLE },
	{ .call = SYS_munmap },
	{ .call = SYS_mremap },
	{ .call = SYS_madvise },
	{ .call = SYS_brk },

	/* the threads that decode; restart_syscall: after ^Z */
	{ .call = SYS_futex },
	{ .call = SYS_clone, .when = A_THREAD },
	{ .call = SYS_rt_sigprocmask },
	{ .call = SYS_sched_getaffinity },
	{ .call = SYS_clock_gettime },
	{ .call = SYS_restart_syscall },
	{ .call = SYS_exit },
	{ .call = SYS_exit_group },
#ifdef __SANITIZE_ADDRESS__
	/* In tests only: calls of glibc and the sanitizers to start a thread, */
	{ .call = SYS_clone3, .refuse = ENOSYS },
	{ .call = SYS_set_robust_list },
	{ .call = SYS_rseq },
	{ .call = SYS_rt_sigaction },
	{ .call = SYS_sigaltstack },
	{ .call = SYS_gettid },
	{ .call = SYS_sched_yield },
	/* and calls that they try before they report, but do not need. */
	{ .call = SYS_getpid },
	{ .call = SYS_ioctl, .when = { { 1, ~0u, TCGETS } }, .refuse = ENOTTY },
	{ .call = SYS_pipe2, .refuse = EPERM },
	{ .call = SYS_sysinfo, .refuse = EPERM },	/* qsort */
#ifdef __x86_64__
	{ .call = SYS_readlink, .refuse = ENOENT },
	{ .call = SYS_open, .refuse = ENOENT },
#endif
#endif
};

/* A rule loads and compares the call's number, and loads, masks and compares each argument. */
enum { RULES = sizeof rules / sizeof *rules, RULE_MAX = 9, AROUND = 4,
       CODE_MAX = (RULES + DEVICES) * RULE_MAX + AROUND };

struct code {
	struct sock_filter v[CODE_MAX];
	unsigned short n;
};

static void put_insn(struct code *c, struct sock_filter insn)
{
	c->v[c->n++] = insn;
}

static void put_load(struct code *c, size_t offset)
{
	put_insn(c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Continue if the word is `value`, else jump to `elsewhere`. */
static void put_match(struct code *c, uint32_t value, unsigned elsewhere)
{
	uint8_t away = (uint8_t)(elsewhere - c->n - 1);

	put_insn(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, away));
}

static void put_end(struct code *c, uint32_t action)
{
	put_insn(c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static unsigned rule_size(const struct rule *r)
{
	return 3 + (r->when[0].mask ? 3 : 0) + (r->when[1].mask ? 3 : 0);
}

static void put_rule(struct code *c, const struct rule *r)
{
	const size_t args = offsetof(struct seccomp_data, args);
	unsigned next = c->n + rule_size(r);

	put_load(c, offsetof(struct seccomp_data, nr));
	put_match(c, r->call, next);
	for (int i = 0; i < 2 && r->when[i].mask; i++) {
		const struct when *w = &r->when[i];

		put_load(c, args + w->arg * sizeof(uint64_t));
		put_insn(c, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, w->mask));
		put_match(c, w->value, next);
	}
	put_end(c, r->refuse ? SECCOMP_RET_ERRNO | r->refuse : SECCOMP_RET_ALLOW);
}

/* A process can use the numbers of another architecture (32-bit on x86-64), where they have
 * another meaning. No rule allows those of x32. */
static void put_all(struct code *c, bool with_devices)
{
	put_load(c, offsetof(struct seccomp_data, arch));
	put_insn(c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	put_end(c, SECCOMP_RET_KILL_PROCESS);
	for (int i = 0; i < RULES; i++) put_rule(c, &rules[i]);
	for (int i = 0; with_devices && i < DEVICES; i++) {
		uint32_t dev = (uint32_t)makedev(devices[i].major, devices[i].minor);

		put_rule(c, &(struct rule){
			.call = SYS_mknodat,
			.when = { { 2, S_IFMT, S_IFCHR }, { 3, ~0u, dev } },
		});
	}
	put_end(c, SECCOMP_RET_KILL_PROCESS);
}

/* SPEC_ALLOW: before Linux 5.16 a filter also enabled a mitigation that slows down decoding.
 * It protects a process from untrusted code inside it, which this process does not run. */
int filter_install(bool with_devices, struct err *e)
{
	struct code c = { .n = 0 };
	struct sock_fprog program = { .filter = c.v };

	put_all(&c, with_devices);
	program.len = c.n;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	               &program) < 0 ? fail_sys(e, "install the system call filter") : 0;
}
