/* The program of an image: says what it was given, and runs until a signal ends it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char *argv[])
{
	char here[256] = "";

	if (argc == 2 && !strcmp(argv[1], "--said")) return 0;
	for (int i = 0; i < argc; i++) printf("%d %s\n", i + 1, argv[i]);
	for (char **v = environ; *v; v++) puts(*v);
	printf("user %d:%d in %s\n", getuid(), getgid(), getcwd(here, sizeof here));
	fflush(stdout);
	for (;;) pause();
}
