#include "lib/base/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/progress.h"
#include "lib/base/wait.h"

/* The output sink: the only state in the house besides the signal flag. */
static struct {
	enum out_level level;
	bool terminal, colour, line_open;
	int64_t shown_at;
	struct progress progress;	/* of the phase that was begun last */
	const char *name;		/* what our lines are about, among those of others */
	char line[1024];		/* of another program, not shown yet */
	size_t held;
	bool unended;			/* what it said last is no whole line */
} sink = { .level = OUT_NORMAL };

bool out_colour(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fd) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

void out_init(enum out_level level)
{
	const char *term = getenv("TERM");

	sink.level = level;
	sink.terminal = isatty(2) && !(term && !strcmp(term, "dumb"));
	sink.colour = out_colour(2);
}

void out_progress_end(void)
{
	if (sink.line_open) fputs("\r\033[K", stderr);
	sink.line_open = false;
}

void out_share(const char *name)
{
	sink.name = name;
}

static void show_held(void)
{
	fprintf(stderr, "%s: %.*s\n", sink.name, (int)sink.held, sink.line);
	sink.held = 0;
}

/* What comes behind it begins a line of its own. */
static void relay_alone(const char *data, size_t n)
{
	if (!n && sink.unended) fputc('\n', stderr);
	fwrite(data, 1, n, stderr);
	sink.unended = n && data[n - 1] != '\n';
}

static void relay_shared(const char *data, size_t n)
{
	if (!n && sink.held) show_held();
	for (; n; n--, data++) {
		if (*data != '\n') sink.line[sink.held++] = *data;
		if (*data == '\n' || sink.held == sizeof sink.line) show_held();
	}
}

void out_relay(const char *data, size_t n)
{
	if (sink.level < OUT_NORMAL) return;
	out_progress_end();
	if (sink.name) relay_shared(data, n);
	else relay_alone(data, n);
	fflush(stderr);
}

static void say(const char *before, const char *fmt, va_list ap)
{
	char text[4096];
	char *s = text;

	vsnprintf(text, sizeof text, fmt, ap);
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f) *s = '?';
	out_progress_end();
	fprintf(stderr, "%s%s\n", before, text);
}

void out_verbose(const char *fmt, ...)
{
	va_list ap;

	if (sink.level < OUT_VERBOSE) return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void out_note(const char *fmt, ...)
{
	va_list ap;

	if (sink.level < OUT_NORMAL) return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void out_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(sink.colour ? "\033[33mwarning:\033[m " : "warning: ", fmt, ap);
	va_end(ap);
}

void out_step(const char *fmt, ...)
{
	va_list ap;

	sink.progress = (struct progress){ 0 };
	if (sink.level < OUT_NORMAL) return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

/* A line that wraps cannot be wiped. */
static int columns(void)
{
	struct winsize size;

	return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

void out_progress(const char *what, uint64_t done, uint64_t total)
{
	int64_t now = now_ms();
	char line[256];

	if (sink.level < OUT_NORMAL || !sink.terminal || now - sink.shown_at < 100) return;
	sink.shown_at = now;
	sink.line_open = true;
	progress_text(&sink.progress, now, what, done, total, line, sizeof line);
	fprintf(stderr, "\r\033[K%.*s", columns(), line);
}

void out_busy(const char *what)
{
	if (sink.level < OUT_NORMAL || !sink.terminal) return;
	sink.line_open = true;
	fprintf(stderr, "\r\033[K%.*s...", columns(), what);
}

void table_add(struct table *t, const char *const cells[])
{
	size_t n = 0;
	const char **row;

	while (t->columns[n])
		n++;
	row = arena_array(t->m, n, sizeof *row);
	for (size_t i = 0; i < n; i++)
		row[i] = cells[i] && *cells[i] ? arena_strdup(t->m, cells[i]) : "-";
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 16;
		const char ***rows = arena_array(t->m, room, sizeof *rows);

		if (t->n) memcpy(rows, t->rows, t->n * sizeof *rows);
		t->rows = rows;
		t->room = room;
	}
	t->rows[t->n++] = row;
}

static int text_width(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void print_row(const struct table *t, const char *const *row, const int *width)
{
	for (size_t i = 0; t->columns[i]; i++) {
		bool last = !t->columns[i + 1];

		for (const char *s = row[i]; *s; s++)
			putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
		if (last)
			putchar('\n');
		else
			printf("%*s", width[i] - text_width(row[i]) + 1, "");
	}
}

int table_print(const struct table *t, struct err *e)
{
	size_t columns = 0;
	int *width;

	while (t->columns[columns])
		columns++;
	width = arena_array(t->m, columns, sizeof *width);
	for (size_t c = 0; c < columns; c++) {
		width[c] = t->no_header ? 0 : text_width(t->columns[c]);
		for (size_t r = 0; r < t->n; r++)
			if (text_width(t->rows[r][c]) > width[c]) width[c] = text_width(t->rows[r][c]);
	}
	if (!t->no_header) print_row(t, t->columns, width);
	for (size_t r = 0; r < t->n; r++)
		print_row(t, t->rows[r], width);
	return out_flush(e);
}

int out_flush(struct err *e)
{
	if (fflush(stdout) == EOF || ferror(stdout)) return fail_sys(e, "write to standard output");
	return 0;
}
