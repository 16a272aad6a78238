/* Split text into words, and quote words, as a POSIX shell does
 *
 * Splitting gives exactly what Python's shlex.split gives: blanks, tabs, CR and
 * LF separate; '...' is literal; in "..." a backslash escapes '"' and itself; elsewhere
 * it escapes any character, also a newline, which then is part of the word. Nothing
 * is expanded, and '#' is an ordinary letter unless SPLIT_COMMENTS is given.
 *
 * Quoting is the inverse: the result is one word for a shell and for word_split. It
 * stays one word in a config file too, where lines lose the white space around them:
 * a newline is put between quotes of its own.
 *
 * https://docs.python.org/3/library/shlex.html#parsing-rules
 */
#ifndef TEXT_SPLIT_H
#define TEXT_SPLIT_H

#include <stddef.h>

#include "lib/text/faults.h"

struct arena;
struct err;
struct str;

enum split_how {
	SPLIT_PLAIN,
	SPLIT_COMMENTS,		/* skip lines that begin with '#', except inside a word */
};

/* Both lists have `n` entries; `v` has a NULL behind them. */
struct split {
	char **v;
	unsigned *lines;	/* where each word begins */
	size_t n, v_room, lines_room;
	struct fault fault;	/* why the text cannot be split; text NULL: no fault */
};

/* Split `text`, whose first line has the number `line`. Fails with ERR_INPUT, "line 3: ...",
 * and sets out->fault, if a quote is not closed (the line is where it opens) or if a backslash
 * is the last character. */
int word_split(struct arena *m, const char *text, unsigned line, enum split_how how,
               struct split *out, struct err *e);

/* Append the word, quoted if a shell would not read it unchanged otherwise. */
void word_quote(struct str *out, const char *word);

/* All words of a NULL-ended list, quoted, separated by blanks. */
char *words_quoted(struct arena *m, char *const *words);

/* The word with each '$' doubled: systemd expands variables in command lines, and "$$" is a
 * plain '$' there (systemd.service(5)). */
const char *word_without_variables(struct arena *m, const char *word);

#endif
