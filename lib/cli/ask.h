/* Questions and answers, in lines
 *
 * Plain text, so that any terminal will do, and answers from a pipe: those are
 * echoed, and read byte by byte, so that a program that is run in between finds the
 * rest. Just Enter takes the preset. An answer that does not fit is told why and the
 * question is asked again, as long as there is input.
 *
 * Every function here returns -1 or NULL at the end of the input (ERR_INPUT) and on a
 * signal (ERR_INTERRUPTED).
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

/* A line; what would steer a terminal is spelled out (base/shown.h). */
void ask_tell(const struct ask *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The answer without white space around it; "" for just Enter. `preset` is shown in
 * brackets unless it is NULL. */
const char *ask_line(const struct ask *a, const char *question, const char *preset,
                     struct err *e);

/* The same until `check` returns 0; the text of its fault is the reason given. Just
 * Enter is `preset` if there is one. */
const char *ask_text(const struct ask *a, const char *question, const char *preset,
                     int (*check)(void *arg, const char *answer, struct err *e), void *arg,
                     struct err *e);

/* 1 for yes, 0 for no. */
int ask_yes(const struct ask *a, const char *question, bool preset, struct err *e);

/* One of `letters`, each the first one of a word in the question; just Enter is the first. */
int ask_letter(const struct ask *a, const char *question, const char *letters, struct err *e);

/* What can be chosen: `more` is shown beside the name and is an answer too ("12" for
 * bookworm), or NULL. */
struct choice {
	const char *name, *more;
};

/* The index of the chosen one. An answer is a name in any case, or else a number as
 * shown, from 1. `preset` < 0: there is none. */
int ask_choice(const struct ask *a, const char *question, const struct choice *choices,
               size_t n, int preset, struct err *e);

#endif
