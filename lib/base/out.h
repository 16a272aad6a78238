/* What people read: results on stdout, everything else on stderr
 *
 * Tables are results and belong to the applets. Notes, warnings and progress go
 * to stderr and may come from ops and engine too, for what only they can know.
 * Colour and moving progress lines only on a terminal; NO_COLOR and TERM=dumb are
 * honoured (no-color.org).
 *
 * A call is a line: newlines in what is printed are spelled out, and so is all that would
 * steer a terminal (base/shown.h), so that no jail or server can add a line that looks
 * like ours. Of more lines make more calls. The exceptions are said below.
 */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum out_level { OUT_QUIET, OUT_NORMAL, OUT_VERBOSE };

/* Once, at the start of the program. */
void out_init(enum out_level level);

/* This process is one of several that print at the same time, and `name` is what its
 * work is on: shown with each line of other programs. Kept, not copied. */
void out_share(const char *name);

/* Text of another program, part by part as it comes; the last call is that with n 0.
 * As it is, but on a terminal only lines and colours of it (base/filter.h). Lines that
 * are shared among several come whole, with the name in front. */
void out_relay(const char *data, size_t n);

/* Lines of a log, each behind two blanks: only lines and colours of them. */
void out_quote(const char *text);

void out_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* even if quiet */
void out_fault(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* even if quiet */

/* What was done, for who sits at a terminal; a program has the exit status. */
void out_done(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A phase of long work begins: one line when stderr is no terminal. */
void out_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* How far the phase has come, at most ten times a second, on a terminal only.
 * total 0: not known. */
void out_progress(const char *what, uint64_t done, uint64_t total);

/* On a terminal only: what is being done that may take a while, and has no measure. */
void out_busy(const char *what);

/* Wipe the progress line, before other text or at the end of the work. */
void out_progress_end(void);

/* A line of a result. */
void out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A result of several lines that programs read again, a config: as it is, but on a
 * terminal only lines and tabs of it. No newline is added. */
void out_text(const char *text);

/* A table of text. Cells are copied; NULL and "" are shown as "-". */
struct table {
	struct arena *m;
	const char *const *columns;	/* NULL-ended headings */
	bool no_header;
	const char ***rows;
	size_t n, room;
};

void table_add(struct table *t, const char *const cells[]);

/* The width of a column is that of its widest cell as shown, counted in characters. */
int table_print(const struct table *t, struct err *e);

/* Flush stdout and tell whether everything arrived (a full disk). ERR_UNREAD: the other
 * end of the pipe is closed, as `head` does when it has seen enough. */
int out_flush(struct err *e);

#endif
