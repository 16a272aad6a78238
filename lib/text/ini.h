/* Key and value files, as Python's configparser reads a jail's config
 *
 * A key is lower-cased (ASCII letters only) and ends at the first '=' or ':'. Its
 * value goes on over the following lines that are indented deeper than the key;
 * each line loses the white space around it, and they are joined by newlines.
 * Blank lines count when such a line follows them. A line with '#' in column 0 is a
 * comment and ends the value: what is indented under it belongs to the comment. An
 * indented '#' is text. Nothing else is a comment, nothing is interpolated. Lines
 * end with LF, CRLF or CR. White space and column are those of Unicode.
 *
 * What stands before the first [header] belongs to the section "". The section
 * DEFAULT gives the values that another section lacks. A header with text behind
 * its last ']' is a header all the same.
 *
 * Faults: a key or section given twice, a key without a name, lines that continue
 * a key without a value, bytes that are not UTF-8, NUL. The text is only
 * borrowed while it is read; what is found lives in the arena.
 *
 * Writing changes the bytes of one value and nothing else, and proves it: the
 * result is read again before it is handed out.
 *
 * https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
 */
#ifndef TEXT_INI_H
#define TEXT_INI_H

#include <stddef.h>

#include "lib/text/faults.h"

struct ini_entry {
	const char *section;
	const char *key;
	const char *value;	/* NULL: the key stands alone, without '=' or ':' */
	unsigned line;		/* of the key; line N of the value is line + N of the file */
	size_t start;		/* where the key's line begins */
	size_t value_at, end;	/* the value's own bytes; the same when it is empty */
};

struct ini {
	struct ini_entry *v;	/* in the order of the file */
	size_t n, room;
	struct faults faults;
};

/* Reads everything that can be read, faults or not. */
void ini_parse(struct arena *m, const char *text, size_t len, struct ini *ini);

/* Section "" first, then DEFAULT. NULL when neither has the key. */
const struct ini_entry *ini_find(const struct ini *ini, const char *key);

/* The text with this value for `key` in section "": in place of the old one, else
 * as a line of its own at the section's end. A newline in the value begins a
 * continuation line, indented like the old ones, else by four columns more than
 * the key. NULL with ERR_INPUT when the text has faults, or when the value cannot
 * be written so that it reads back the same. */
char *ini_set(struct arena *m, const char *text, size_t len, const char *key,
              const char *value, struct err *e);

/* The text without that key's lines; the text as it is when it has no such key. */
char *ini_unset(struct arena *m, const char *text, size_t len, const char *key,
                struct err *e);

#endif
