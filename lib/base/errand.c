#include "lib/base/errand.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

static _Noreturn void run_errand(errand_work *work, const void *arg, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(getppid() == parent ? work(arg) : ECANCELED);
}

static int exit_errno(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void kill_errand(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, WNOHANG);
}

int errand_run(errand_work *work, const void *arg, int64_t deadline, struct err *e)
{
	pid_t parent = getpid(), pid = fork();
	AUTOCLOSE int pidfd = -1;
	int rc;

	if (pid == 0) run_errand(work, arg, parent);
	if (pid < 0) return fail_sys(e, "fork");
	if ((pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0) {
		fail_sys(e, "pidfd_open");
		kill_errand(pid);
		return -1;
	}
	rc = wait_fd(pidfd, POLLIN, deadline, e);
	if (rc <= 0) kill_errand(pid);
	if (rc < 0) return -1;
	errno = rc ? exit_errno(pid) : ETIMEDOUT;
	return errno ? fail_sys(e, "%s", rc ? "it failed" : "it does not answer") : 0;
}
