/* The first process of the jails that tests/sequences plays with, static, so that it needs no
 * files: it waits to be told to power off. "init where" says which directory is its root. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int tell(void)
{
	struct stat st;

	if (stat("/", &st) < 0) return 1;
	printf("%llu %llu\n", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return 0;
}

int main(int argc, char **argv)
{
	const int first = SIGRTMIN - 1;		/* as the kernel counts, 34 is taken by musl */
	sigset_t set;
	int sig;

	if (argc > 1 && !strcmp(argv[1], "where")) return tell();
	sigemptyset(&set);
	for (int i = 3; i <= 6; i++)
		sigaddset(&set, first + i);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &sig);
	return 0;
}
