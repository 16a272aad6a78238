/* Read and change files of keys and values, as Python's configparser reads a jail's config
 *
 * A key is lower-cased (ASCII letters only) and ends at the first '=' or ':'. Lines
 * that are indented deeper than the key continue its value; each line loses the white
 * space around it, and newlines join them. Blank lines between them are part of the
 * value. A line with '#' in column 0 is a comment and ends the value; lines that are
 * indented below it belong to the comment. An indented '#' is text. Nothing else is a
 * comment, nothing is interpolated. Lines end with LF, CRLF or CR. White space and
 * columns are those of Unicode.
 *
 * The lines before the first [header] are the section "". If a section lacks a key, the
 * section DEFAULT gives the value. A header may have text behind its last ']'.
 *
 * Faults: a key or section given twice, a key without a name, lines that continue
 * a key without a value, bytes that are not UTF-8, NUL. The text is borrowed until the
 * function returns; the entries live in the arena.
 *
 * Writing changes the bytes of one value and nothing else. The functions check that:
 * they read the result again before they return it.
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
	unsigned line;		/* of the key, from 1; line N of the value is line + N */
	size_t start;		/* where the key's line begins */
	size_t value_at, end;	/* the value's own bytes; the same when it is empty */
};

struct ini {
	struct ini_entry *v;	/* in the order of the file */
	size_t n, room;
	struct faults faults;
};

/* Read all entries, and list the faults in ini->faults. */
void ini_parse(struct arena *m, const char *text, size_t len, struct ini *ini);

/* The entry in section "", else the one in DEFAULT. NULL if neither has the key. */
const struct ini_entry *ini_find(const struct ini *ini, const char *key);

/* The text with `value` for `key` in section "": replaces the old value, or adds a line
 * at the end of the section. A newline in the value begins a continuation line,
 * indented like the old ones, else by four columns more than the key. NULL with
 * ERR_INPUT if the text has faults, or if the value would read back differently. */
char *ini_set(struct arena *m, const char *text, size_t len, const char *key,
              const char *value, struct err *e);

/* The text without the lines of that key; unchanged if section "" does not have it. */
char *ini_unset(struct arena *m, const char *text, size_t len, const char *key,
                struct err *e);

#endif
