/* Questions and answers, in lines
 *
 * Questions are plain text, for any terminal. Answers may come from a pipe: they are echoed,
 * and read byte by byte, so that a program which runs in between can read the rest. An empty
 * line means the preset. If an answer does not fit, the reason is shown and the question is
 * asked again.
 *
 * Every function here returns -1 or NULL at the end of the input (ERR_INPUT) and on a signal
 * (ERR_INTERRUPTED).
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

struct ask {
	struct arena *m;	/* answers live there */
	int in, out;
};

/* Print a line. Control characters are escaped (base/shown.h). */
void ask_tell(const struct ask *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Returns the answer without white space around it, "" for an empty line. `preset` is shown in
 * brackets unless it is NULL. */
const char *ask_line(const struct ask *a, const char *question, const char *preset,
                     struct err *e);

/* Repeats the question until `check` returns 0; the text of its fault is shown as the reason.
 * An empty line means `preset` if there is one. */
const char *ask_text(const struct ask *a, const char *question, const char *preset,
                     int (*check)(void *arg, const char *answer, struct err *e), void *arg,
                     struct err *e);

/* 1 for yes, 0 for no. */
int ask_yes(const struct ask *a, const char *question, bool preset, struct err *e);

/* Returns one of `letters`, each the first of a word in the question, or -1. An empty line
 * means the first. */
int ask_letter(const struct ask *a, const char *question, const char *letters, struct err *e);

/* A choice: `more` is shown after the name and is accepted too ("12" for bookworm); NULL:
 * nothing. */
struct choice {
	const char *name, *more;
};

/* Returns the index of the choice. An answer is a name in upper or lower case, or a number as
 * shown, from 1. `preset` < 0: there is none. */
int ask_choice(const struct ask *a, const char *question, const struct choice *choices,
               size_t n, int preset, struct err *e);

#endif
