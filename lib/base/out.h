/* Output for people: results on stdout, everything else on stderr
 *
 * Tables are results and belong to the applets. Notes, warnings and progress go
 * to stderr and may come from ops and engine too, for what only they can know.
 * Colours and moving progress lines appear on a terminal only; NO_COLOR and TERM=dumb
 * are honoured (no-color.org).
 *
 * A call prints one line: newlines and other control characters in the text are escaped
 * (base/shown.h), so that no jail or server can add a line that looks like ours. For
 * several lines make several calls. The exceptions are named below.
 */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum out_level { OUT_QUIET, OUT_NORMAL, OUT_VERBOSE };

/* Whether this descriptor is a terminal that may get colours. */
bool out_has_colour(int fd);

/* Called once, at the start of the program. */
void out_init(enum out_level level);

/* This process is one of several that print at the same time: put `name`, the jail that it
 * works on, in front of each line of other programs. The string is kept, not copied. */
void out_share(const char *name);

/* Show output of another program, in pieces as it comes; a last call with n 0 ends it. On a
 * terminal it passes base/filter.h, else it is unchanged. After out_share it is shown in
 * whole lines with the name in front. */
void out_relay(const char *data, size_t n);

/* Show lines of a log, each indented by two blanks and passed through base/filter.h. */
void out_quote(const char *text);

void out_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_warn(const char *fmt,
              ...) __attribute__((format(printf, 1, 2)));	/* even if quiet */
void out_fault(const char *fmt,
               ...) __attribute__((format(printf, 1, 2)));	/* even if quiet */

/* Tell somebody at a terminal what was done; a program has the exit status. */
void out_done(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A phase of long work begins: prints its name as a line. */
void out_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Show the progress of the phase, at most ten times a second, on a terminal only.
 * total 0: not known. */
void out_progress(const char *what, uint64_t done, uint64_t total);

/* Show, on a terminal only, what is being done, for work whose progress is unknown. */
void out_busy(const char *what);

/* Erase the progress line, before other text or at the end of the work. */
void out_progress_end(void);

/* Print a line of a result. */
void out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print a result of several lines that programs may read again, such as a config: unchanged,
 * but on a terminal control characters except newlines and tabs are escaped. Adds no
 * newline. */
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

/* Print the table; a column is as wide as its widest cell, in characters. */
int table_print(const struct table *t, struct err *e);

/* Flush stdout. Fails if not everything was written (a full disk). ERR_UNREAD: the reader
 * closed the pipe, as `head` does when it has read enough. */
int out_flush(struct err *e);

#endif
