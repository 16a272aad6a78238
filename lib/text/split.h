/* Words, split and quoted as a POSIX shell does
 *
 * Splitting gives exactly what Python's shlex.split gives: blanks, tabs, CR and
 * LF separate; '...' is literal; in "..." a backslash escapes '"' and itself; elsewhere
 * it escapes any character, a newline too, which then is part of the word. Nothing
 * is expanded, and '#' is a letter like others unless SPLIT_COMMENTS asks for more.
 *
 * Quoting is the inverse: what it writes is one word for a shell and for
 * word_split. It stays one word in a config file too, where lines lose the white
 * space around them: a newline stands between quotes of its own.
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
	SPLIT_COMMENTS,		/* a line that begins with '#' between words is skipped */
};

/* Both lists have n entries; v has a NULL behind them. */
struct split {
	char **v;
	unsigned *lines;	/* where each word begins */
	size_t n, room;
	struct fault fault;	/* why the text cannot be split; text NULL: it can */
};

/* Lines are counted from `line`. ERR_INPUT, "line 3: ...", and out->fault, for a quote that
 * is not closed (the line is where it opens) and for a backslash at the very end. */
int word_split(struct arena *m, const char *text, unsigned line, enum split_how how,
               struct split *out, struct err *e);

/* The word as it is when a shell takes it so, else quoted. */
void word_quote(struct str *out, const char *word);

/* All words of a NULL-ended list, quoted, with a blank between. */
char *words_quoted(struct arena *m, char *const *words);

#endif
