/* The init of the image that has the form of NixOS: it runs until it is told to stop. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	sigset_t all;
	int sig;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	while (sigwait(&all, &sig) == 0) {
		if (sig == SIGCHLD)
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
		/* systemd's: halt, power off, reboot; and what systemd-nspawn sends */
		if (sig == SIGTERM || (sig >= SIGRTMIN + 3 && sig <= SIGRTMIN + 6)) return 0;
	}
	return 1;
}
