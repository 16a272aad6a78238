#include "lib/base/out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/filter.h"
#include "lib/base/progress.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"

enum { LINE_MAX_BYTES = 4096 };

/* The output sink: the only state of the program besides the signal flag. */
static struct {
	enum out_level level;
	bool tty, terminal;		/* `terminal`: a tty that can erase a line */
	bool colour, line_open;
	int64_t shown_at;
	struct progress progress;	/* of the current phase */
	const char *name;		/* see out_share; NULL: nobody else prints */
	char line[1024];		/* an incomplete line of another program */
	size_t held;			/* bytes in `line` */
	bool unended;			/* its last output did not end in a newline */
	struct filter filter;
} sink = { .level = OUT_NORMAL };

bool out_has_colour(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fd) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

void out_init(enum out_level level)
{
	const char *term = getenv("TERM");

	sink.level = level;
	sink.tty = isatty(2);
	sink.terminal = sink.tty && !(term && !strcmp(term, "dumb"));
	sink.colour = out_has_colour(2);
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

/* Print a whole line of another program, behind `before`, in one write. */
static void show_line(const char *before, const char *text, size_t n, bool as_it_is)
{
	AUTOFREE struct arena m = { 0 };
	struct filter f = { .colours = sink.colour };
	struct str line = { .m = &m };

	str_add(&line, before);
	if (!as_it_is && n && text[n - 1] == '\r') n--;
	if (as_it_is) str_addn(&line, text, n);
	else filter_add(&f, text, n, &line);
	filter_end(&f, &line);
	str_addc(&line, '\n');
	fwrite(line.s, 1, line.len, stderr);
}

static void show_held(void)
{
	AUTOFREE struct arena m = { 0 };

	show_line(arena_printf(&m, "%s: ", sink.name), sink.line, sink.held, !sink.tty);
	sink.held = 0;
}

/* At the end (n 0) the line is ended, so that our next text begins a new one. */
static void relay_alone(const char *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct str out = { .m = &m };

	sink.filter.colours = sink.colour;
	sink.filter.returns = true;
	if (!sink.tty) str_addn(&out, data, n);
	else filter_add(&sink.filter, data, n, &out);
	if (!n) filter_end(&sink.filter, &out);
	if (!n && sink.unended) str_addc(&out, '\n');
	fwrite(out.s, 1, out.len, stderr);
	sink.unended = n && data[n - 1] != '\n';
}

/* On a terminal a carriage return ends the line: it would overwrite the name. */
static void relay_shared(const char *data, size_t n)
{
	if (!n && sink.held) show_held();
	for (; n; n--, data++) {
		bool back = sink.tty && *data == '\r',
			end = *data == '\n' || (back && sink.held);

		if (!end && !back) sink.line[sink.held++] = *data;
		if (end || sink.held == sizeof sink.line) show_held();
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

void out_quote(const char *text)
{
	if (sink.level < OUT_NORMAL) return;
	out_progress_end();
	while (*text) {
		size_t n = strcspn(text, "\n");

		show_line("  ", text, n, false);
		text += n + (text[n] == '\n');
	}
}

static void print_line(const char *before, const char *fmt, va_list ap)
{
	char written[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
	size_t n = (size_t)snprintf(line, sizeof line, "%s", before);

	vsnprintf(written, sizeof written, fmt, ap);
	n += shown_copy(line + n, sizeof line - n - 1, written);
	line[n++] = '\n';
	out_progress_end();
	fwrite(line, 1, n, stderr);
}

void out_fault(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

void out_verbose(const char *fmt, ...)
{
	va_list ap;

	if (sink.level < OUT_VERBOSE) return;
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

void out_note(const char *fmt, ...)
{
	va_list ap;

	if (sink.level < OUT_NORMAL) return;
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

void out_done(const char *fmt, ...)
{
	va_list ap;

	if (sink.level < OUT_NORMAL || !isatty(2)) return;
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

void out_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line(sink.colour ? "\033[33mwarning:\033[m " : "warning: ", fmt, ap);
	va_end(ap);
}

void out_step(const char *fmt, ...)
{
	va_list ap;

	sink.progress = (struct progress){ 0 };
	if (sink.level < OUT_NORMAL) return;
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

/* A progress line must not wrap: a wrapped one cannot be erased. */
static int progress_columns(void)
{
	struct winsize size;

	return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

static void show_progress(const char *text)
{
	char line[256];
	int left = progress_columns();
	size_t n;

	sink.line_open = true;
	shown_copy(line, sizeof line, text);
	for (n = 0; line[n]; n++)
		if (((unsigned char)line[n] & 0xc0) != 0x80 && left-- == 0) break;
	fprintf(stderr, "\r\033[K%.*s", (int)n, line);
}

void out_progress(const char *what, uint64_t done, uint64_t total)
{
	int64_t now = now_ms();
	char line[256];

	if (sink.level < OUT_NORMAL || !sink.terminal || now - sink.shown_at < 100) return;
	sink.shown_at = now;
	progress_text(&sink.progress, now, what, done, total, line, sizeof line);
	show_progress(line);
}

void out_busy(const char *what)
{
	char line[256];

	if (sink.level < OUT_NORMAL || !sink.terminal) return;
	snprintf(line, sizeof line, "%s...", what);
	show_progress(line);
}

void table_add(struct table *t, const char *const cells[])
{
	size_t n = 0;
	const char **row;

	while (t->columns[n])
		n++;
	row = arena_array(t->m, n, sizeof *row);
	for (size_t i = 0; i < n; i++)
		row[i] = cells[i] && *cells[i]
		         ? arena_strdup(t->m, shown(t->m, cells[i])) : "-";
	t->rows = arena_grow(t->m, t->rows, t->n, &t->room, sizeof *t->rows);
	t->rows[t->n++] = row;
}

static void print_row(const struct table *t, const char *const *row, const size_t *width)
{
	for (size_t i = 0; t->columns[i]; i++) {
		fputs(row[i], stdout);
		if (!t->columns[i + 1]) putchar('\n');
		else printf("%*s", (int)(width[i] - shown_width(row[i]) + 1), "");
	}
}

int table_print(const struct table *t, struct err *e)
{
	size_t columns = 0, *width;

	while (t->columns[columns])
		columns++;
	width = arena_array(t->m, columns, sizeof *width);
	for (size_t c = 0; c < columns; c++) {
		width[c] = t->no_header ? 0 : shown_width(t->columns[c]);
		for (size_t r = 0; r < t->n; r++)
			if (shown_width(t->rows[r][c]) > width[c])
				width[c] = shown_width(t->rows[r][c]);
	}
	if (!t->no_header) print_row(t, t->columns, width);
	for (size_t r = 0; r < t->n; r++)
		print_row(t, t->rows[r], width);
	return out_flush(e);
}

void out_line(const char *fmt, ...)
{
	AUTOFREE struct arena m = { 0 };
	va_list ap;

	va_start(ap, fmt);
	puts(shown(&m, arena_vprintf(&m, fmt, ap)));
	va_end(ap);
}

void out_text(const char *text)
{
	size_t left = strlen(text), took;
	char piece[SHOWN_MAX + 1];

	if (!isatty(1)) {
		fputs(text, stdout);
		return;
	}
	for (; left; text += took, left -= took) {
		took = 1;
		if (*text == '\n' || *text == '\t') putchar(*text);
		else took = shown_next(text, left, piece), fputs(piece, stdout);
	}
}

/* Whether the reader has closed its end of the pipe. */
static bool is_unread(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && p.revents & (POLLERR | POLLHUP);
}

int out_flush(struct err *e)
{
	int rc = fflush(stdout);

	if (!rc && !ferror(stdout)) return 0;
	if ((rc && errno == EPIPE) || is_unread(1))
		return fail(e, ERR_UNREAD, "nobody reads the output");
	return fail_sys(e, "write to standard output");
}
