#include "lib/base/out.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static struct arena m;

/* The two ends of a terminal that changes nothing on the way, or of a pipe. */
static void open_ends(bool terminal, int ends[2])
{
	struct termios t;

	if (!terminal) {
		CHECK_INT(pipe(ends), 0);
		return;
	}
	ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (ends[0] < 0) SKIP("no terminals here");
	CHECK(grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
	ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
	if (ends[1] < 0) SKIP("no terminals here");
	CHECK_INT(tcgetattr(ends[1], &t), 0);
	cfmakeraw(&t);
	CHECK_INT(tcsetattr(ends[1], TCSANOW, &t), 0);
}

/* What a child prints on `fd`. */
static const char *printed(void (*print)(void), int fd, bool terminal)
{
	struct str text = { .m = &m };
	char buf[4096];
	int ends[2];
	ssize_t n;
	pid_t pid;

	open_ends(terminal, ends);
	fflush(NULL);
	if ((pid = fork()) == 0) {
		setenv("TERM", "xterm", 1);
		unsetenv("NO_COLOR");
		dup2(ends[1], fd);
		close(ends[0]);
		close(ends[1]);
		out_init(OUT_VERBOSE);
		print();
		fflush(NULL);
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], buf, sizeof buf)) > 0)
		str_addn(&text, buf, (size_t)n);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return str_text(&text);
}

#define HOSTILE "a\nb\033[2J\xc2\x9b" "31m\xe2\x80\xae\xff"
#define TAMED "a\\nb\\x1b[2J\\u009b31m\\u202e\\xff"

static void print_notes(void)
{
	out_note("n %s", HOSTILE);
	out_verbose("v %s", HOSTILE);
	out_step("s %s", HOSTILE);
	out_fault("f %s", HOSTILE);
}

TEST(a_note_is_a_line)
{
	static const char want[] = "n " TAMED "\nv " TAMED "\ns " TAMED "\nf " TAMED "\n";

	CHECK_STR(printed(print_notes, 2, false), want);
	CHECK_STR(printed(print_notes, 2, true), want);
}

static void print_warning(void)
{
	out_warn("%s", HOSTILE);
}

TEST(and_so_is_a_warning)
{
	CHECK_STR(printed(print_warning, 2, false), "warning: " TAMED "\n");
	CHECK_STR(printed(print_warning, 2, true), "\033[33mwarning:\033[m " TAMED "\n");
}

static void print_busy(void)
{
	out_busy(HOSTILE);
	out_progress_end();
}

TEST(so_is_a_line_of_progress)
{
	CHECK_STR(printed(print_busy, 2, true), "\r\033[K" TAMED "...\r\033[K");
	CHECK_STR(printed(print_busy, 2, false), "");
}

static void print_long(void)
{
	char text[200] = "";

	for (int i = 0; i < 90; i++)
		strcat(text, "\xc3\xa4");
	out_busy(text);
}

TEST(a_line_of_progress_fits_counted_in_characters)
{
	CHECK_INT(strlen(printed(print_long, 2, true)), 4 + 2 * 79);
}

static void print_table(void)
{
	static const char *const columns[] = { "NAME", "OS", NULL };
	struct table t = { .m = &m, .columns = columns };

	table_add(&t, (const char *const[]){ "web", HOSTILE });
	table_add(&t, (const char *const[]){ "a\033b", "\xc3\xa4" });
	table_add(&t, (const char *const[]){ "c", NULL });
	table_print(&t, NULL);
}

TEST(cells_are_as_wide_as_they_are_shown)
{
	CHECK_STR(printed(print_table, 1, false),
	          "NAME   OS\n"
	          "web    " TAMED "\n"
	          "a\\x1bb \xc3\xa4\n"
	          "c      -\n");
}

static void print_results(void)
{
	out_line("l %s", HOSTILE);
	out_text("t\ta\nb\033[2J\xff\n");
}

TEST(results)
{
	CHECK_STR(printed(print_results, 1, false), "l " TAMED "\nt\ta\nb\033[2J\xff\n");
	CHECK_STR(printed(print_results, 1, true), "l " TAMED "\nt\ta\nb\\x1b[2J\\xff\n");
}

/* -- text of other programs -- */

#define SCRIPT "\033[32mok\033[m 10%\r20%\n\033]0;title\a\033[8mhidden"

static void relay(void)
{
	out_relay(SCRIPT, 20);
	out_relay(SCRIPT + 20, strlen(SCRIPT) - 20);
	out_relay("", 0);
	out_note("after");
}

TEST(a_script_has_lines_and_colours)
{
	CHECK_STR(printed(relay, 2, false), SCRIPT "\nafter\n");
	CHECK_STR(printed(relay, 2, true),
	          "\033[32mok\033[m 10%\r20%\n\\x1b]0;title\\x07\033[8mhidden\033[m\nafter\n");
}

static void relay_shared(void)
{
	out_share("web");
	relay();
}

TEST(a_script_among_others_does_not_get_before_its_name)
{
	CHECK_STR(printed(relay_shared, 2, false),
	          "web: \033[32mok\033[m 10%\r20%\nweb: \033]0;title\a\033[8mhidden\nafter\n");
	CHECK_STR(printed(relay_shared, 2, true),
	          "web: \033[32mok\033[m 10%\nweb: 20%\n"
	          "web: \\x1b]0;title\\x07\033[8mhidden\033[m\nafter\n");
}

static void quote(void)
{
	out_quote("one \033[31mred\r\n\n...\rjlmkr: everything is fine\033[2J");
}

TEST(a_log_is_told_from_what_we_say)
{
	CHECK_STR(printed(quote, 2, false),
	          "  one red\n  \n  ...\\rjlmkr: everything is fine\\x1b[2J\n");
	CHECK_STR(printed(quote, 2, true),
	          "  one \033[31mred\033[m\n  \n  ...\\rjlmkr: everything is fine\\x1b[2J\n");
}

/* -- the end of the output -- */

static int flush_to(int fd, struct err *e)
{
	int status;
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) == 0) {
		signal(SIGPIPE, SIG_IGN);
		dup2(fd, 1);
		for (int i = 0; i < 10000; i++)
			puts("a line");
		_exit(out_flush(e) < 0 ? err_exit_status(e->kind) : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

TEST(a_reader_that_has_gone_is_no_fault_of_the_host)
{
	AUTOCLOSE int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);
	struct err e = { 0 };
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	close(ends[0]);
	CHECK_INT(flush_to(ends[1], &e), 141);
	close(ends[1]);
	CHECK_INT(flush_to(null, &e), 0);
	if (full >= 0) CHECK_INT(flush_to(full, &e), 1);
}
