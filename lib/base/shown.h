/* How text that others wrote is shown
 *
 * A terminal obeys control characters, and some characters cannot be seen or change the
 * order of those around them. Text from a jail, a server, an archive, a file or a bus
 * is therefore shown with these spelled out:
 *
 *	\n \t \r \x1b	C0 and DEL
 *	\u009b		C1, marks of direction, what has no width, separators of lines
 *	\xff		each byte that is not UTF-8
 *
 * The result has none of them, so to show it again changes nothing. A backslash is not
 * doubled: paths and unit names with one stay readable, and what was spelled out cannot
 * be told from what was written so.
 *
 * Who prints is base/out.h and base/err.h, which call this: a sentence is one line there,
 * whatever is put into it.
 */
#ifndef BASE_SHOWN_H
#define BASE_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum { SHOWN_MAX = 10 };	/* bytes for one character: \U000e0001 */

/* Whether a character is shown as it is. */
bool shown_plain(uint32_t c);

/* What stands for the first character, or stray byte, of the `n` > 0 bytes at `s`.
 * Returns how many bytes that was. */
size_t shown_next(const char *s, size_t n, char out[SHOWN_MAX + 1]);

/* All of it, cut between characters to fit into `room` bytes with its NUL. Returns its
 * length. */
size_t shown_copy(char *out, size_t room, const char *s);

/* All of it: `s` itself when nothing is to be spelled out, else a text in the arena. */
const char *shown(struct arena *m, const char *s);

/* How many columns it takes, one for each character. */
size_t shown_width(const char *s);

#endif
