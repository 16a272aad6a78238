#include "lib/archive/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/archive/filter.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"

/* Field six of statm is the size of data and stack. */
uint64_t confine_memory_used(void)
{
	AUTOFREE struct arena m = { 0 };
	const char *text = read_file(&m, AT_FDCWD, "/proc/self/statm", 4096, NULL, NULL);
	unsigned long pages = 0;

	if (text) sscanf(text, "%*u %*u %*u %*u %*u %lu", &pages);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit_memory(uint64_t memory)
{
	struct rlimit max = { .rlim_cur = memory, .rlim_max = memory };

	setrlimit(RLIMIT_DATA, &max);
}

/* Creating fifos needs no capability, creating devices does. */
static int drop_capabilities(bool with_devices)
{
	const uint64_t keep = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER |
			      1u << CAP_FSETID | UINT64_C(1) << CAP_SETFCAP |
			      (with_devices ? 1u << CAP_MKNOD : 0);
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps) < 0) return -1;
	for (int i = 0; i < 2; i++) {
		caps[i].permitted &= (uint32_t)(keep >> 32 * i);
		caps[i].effective = caps[i].permitted;
		caps[i].inheritable = 0;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -1;
	return (int)syscall(SYS_capset, &head, caps);
}

/* The root may have inherited an ACL, which is not from the archive. */
static int enter_root(int dir, struct err *e)
{
	if (fchdir(dir) < 0 || chroot(".") < 0)
		return fail_sys(e, "make the new directory the root of the unpacking process");
	removexattr(".", "system.posix_acl_access");
	removexattr(".", "system.posix_acl_default");
	return 0;
}

int confine(const struct confined *to, bool with_devices, uint64_t memory, struct err *e)
{
	/* `said` comes first, because later faults are reported there. */
	if (dup2(to->said, 1) < 0 || dup2(to->said, 2) < 0 || dup2(to->in, 0) < 0)
		return fail_sys(e, "dup2");
	if (enter_root(to->dir, e) < 0) return -1;
	if (to->out >= 0 && dup2(to->out, CONFINED_OUT) < 0) return fail_sys(e, "dup2");
	if (syscall(SYS_close_range, to->out < 0 ? CONFINED_OUT : CONFINED_OUT + 1, ~0u, 0) < 0)
		return fail_sys(e, "close_range");
	umask(0);
	limit_memory(memory);
	/* A second barrier: the filter allows no socket either, so a failure (no namespaces, or
	 * too many) does not matter. It takes half a millisecond. */
	unshare(CLONE_NEWNET);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return fail_sys(e, "disable core dumps");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || drop_capabilities(with_devices) < 0)
		return fail_sys(e, "drop capabilities");
	return filter_install(with_devices, e);
}
