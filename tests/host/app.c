/* The command of an application container, in a root file system that has nothing else.
 *
 *	app			says who and where it is, then waits for a signal, says which, and ends
 *	app deaf		the same, but no signal ends it
 *	app exit N		ends at once
 *	app crash		runs for half a second, then ends with status 7
 */
#define _GNU_SOURCE
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t deaf;

static void on_signal(int sig)
{
	char text[] = "signal 00\n";

	text[7] = (char)('0' + sig / 10);
	text[8] = (char)('0' + sig % 10);
	if (write(1, text, sizeof text - 1) < 0) _exit(9);
	if (!deaf) _exit(0);
}

static void tell(char **argv)
{
	gid_t groups[64];
	int n = getgroups(64, groups);
	char cwd[256] = "";

	if (!getcwd(cwd, sizeof cwd)) strcpy(cwd, "?");
	printf("I am %d, user %d, group %d, in %s\n", getpid(), getuid(), getgid(), cwd);
	printf("groups:");
	for (int i = 0; i < n; i++)
		printf(" %d", groups[i]);
	printf("\nwords:");
	for (; *argv; argv++)
		printf(" [%s]", *argv);
	printf("\n");
	for (char **v = environ; *v; v++)
		printf("env %s\n", *v);
	fflush(stdout);
}

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM };

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "exit")) return atoi(argv[2]);
	deaf = argc > 1 && !strcmp(argv[1], "deaf");
	/* Not SIGWINCH: its terminal gets a size while it starts. */
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], on_signal);
	tell(argv);
	if (argc > 1 && !strcmp(argv[1], "crash")) {
		usleep(500 * 1000);
		return 7;
	}
	for (;;)
		pause();
}
