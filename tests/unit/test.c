#include "tests/unit/test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct test *first, **last = &first;
static const char *running;
static int failed;
static jmp_buf leave;

void test_add(struct test *t)
{
	*last = t;
	last = &t->next;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("not ok %s: %s:%d: ", running, file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	failed = 1;
	longjmp(leave, 1);
}

void test_skip(const char *why)
{
	printf("skip %s: %s\n", running, why);
	longjmp(leave, 1);
}

void test_int(const char *file, int line, const char *what, long long is, long long want)
{
	if (is != want) test_fail(file, line, "%s is %lld, not %lld", what, is, want);
}

void test_str(const char *file, int line, const char *what, const char *is, const char *want)
{
	if (is == want || (is && want && strcmp(is, want) == 0)) return;
	test_fail(file, line, "%s is '%s', not '%s'", what, is ? is : "(null)",
	          want ? want : "(null)");
}

static int wanted(const char *name, char **names)
{
	if (!*names) return 1;
	for (; *names; names++)
		if (strcmp(name, *names) == 0) return 1;
	return 0;
}

static void run(const struct test *t)
{
	running = t->name;
	if (setjmp(leave)) return;
	t->run();
	printf("ok %s\n", running);
}

int main(int argc, char **argv)
{
	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; first; first = first->next)
		if (wanted(first->name, argv + 1)) run(first);
	fflush(stdout);
	if (failed) _exit(1);	/* what a failed test left behind is not a leak */
	return 0;
}
