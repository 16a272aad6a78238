/* What the jail's first process may do: its capabilities, from /proc, and its system call
 * filters, from the kernel, which gives them to who traces it. It is stopped for less than a
 * millisecond; should we be killed then, the kernel lets it go. */

#include "lib/engine/inside_impl.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/errand.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"

enum { STATUS_MAX = 64 * 1024, TRACE_MS = 5000 };

static int read_field(const char *status, const char *name, int base, uint64_t *value,
                      struct err *e)
{
	const char *line = strstr(status, name);
	char *end = NULL;

	if (line) *value = strtoull(line + strlen(name), &end, base);
	if (end && *end == '\n') return 0;
	return fail(e, ERR_HOST, "this kernel does not tell %.*s of a process",
	            (int)strcspn(name + 1, ":"), name + 1);
}

struct source {
	pid_t pid;
	int file;
};

/* How many instructions, or an errno below 0. */
static int copy_filter(pid_t pid, unsigned long i, struct sock_filter *code)
{
	long n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, NULL);

	if (n < 0) return -errno;
	if (n > FILTER_LENGTH_MAX) return -E2BIG;
	return ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, code) < 0 ? -errno : (int)n;
}

static int copy_filters(const struct source *from)
{
	static struct sock_filter code[FILTER_LENGTH_MAX];
	struct filters list = { 0 };
	off_t at = sizeof list;
	int n;

	while ((n = copy_filter(from->pid, list.count, code)) > 0) {
		ssize_t size = (ssize_t)(sizeof *code * (size_t)n);

		if (list.count == FILTERS_MAX) return E2BIG;
		if (pwrite(from->file, code, (size_t)size, at) != size) return EIO;
		list.length[list.count++] = (uint16_t)n;
		at += size;
	}
	if (n != -ENOENT) return -n;
	return pwrite(from->file, &list, sizeof list, 0) == (ssize_t)sizeof list ? 0 : EIO;
}

static int trace(const void *arg)
{
	const struct source *from = arg;
	int status;

	if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno;
	if (ptrace(PTRACE_SEIZE, from->pid, NULL, NULL) < 0) return errno;
	if (ptrace(PTRACE_INTERRUPT, from->pid, NULL, NULL) < 0) return errno;
	if (waitpid(from->pid, &status, __WALL) < 0) return errno;
	return WIFSTOPPED(status) ? copy_filters(from) : ESRCH;
}

static int filters_read(pid_t pid, int file, struct err *e)
{
	const struct source from = { pid, file };

	if (errand_run(trace, &from, deadline_in(TRACE_MS), e) == 0) return 0;
	if (!e || !e->sys) return -1;
	errno = e->sys;
	return fail_sys(e, "the system call filter of the jail cannot be read");
}

int rights_read(struct rights *r, pid_t pid, int proc, int file, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *text = read_file(&m, proc, "status", STATUS_MAX, NULL, e);
	uint64_t mode, no_new;

	if (!text || read_field(text, "\nCapInh:\t", 16, &r->inheritable, e) < 0 ||
	    read_field(text, "\nCapPrm:\t", 16, &r->permitted, e) < 0 ||
	    read_field(text, "\nCapEff:\t", 16, &r->effective, e) < 0 ||
	    read_field(text, "\nCapBnd:\t", 16, &r->bounding, e) < 0 ||
	    read_field(text, "\nCapAmb:\t", 16, &r->ambient, e) < 0 ||
	    read_field(text, "\nNoNewPrivs:\t", 10, &no_new, e) < 0 ||
	    read_field(text, "\nSeccomp:\t", 10, &mode, e) < 0)
		return -1;
	r->no_new_privs = no_new != 0;
	if (mode == SECCOMP_MODE_DISABLED) return 0;
	return filters_read(pid, file, e);
}
