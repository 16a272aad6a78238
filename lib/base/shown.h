/* Escape control characters in text that comes from others
 *
 * A terminal obeys control characters, and some characters are invisible or change the
 * order of those around them. In text from a jail, a server, an archive, a file or a bus
 * they are therefore escaped:
 *
 *	\n \t \r \x1b	C0 and DEL
 *	\u009b		C1, marks of direction, characters without width, line separators
 *	\xff		each byte that is not UTF-8
 *
 * Escaping the result again does not change it. A backslash is not doubled, so that paths
 * and unit names that contain one stay readable; the result is not meant to be reversed.
 *
 * base/out.h and base/err.h call this for every text, so callers need not.
 */
#ifndef BASE_SHOWN_H
#define BASE_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum { SHOWN_MAX = 10 };	/* bytes for one character: \U000e0001 */

/* Whether a character is shown unchanged. */
bool shown_plain(uint32_t c);

/* Escape the first character, or invalid byte, of the `n` > 0 bytes at `s`. Returns how many
 * bytes of `s` that was. */
size_t shown_next(const char *s, size_t n, char out[SHOWN_MAX + 1]);

/* Escape `s` into `room` bytes, cut between characters if it does not fit with its NUL.
 * Returns the length of the result. */
size_t shown_copy(char *out, size_t room, const char *s);

/* Escape `s`: returns `s` itself if nothing changes, else a text in the arena. */
const char *shown(struct arena *m, const char *s);

/* The number of columns, counting one for each character. */
size_t shown_width(const char *s);

#endif
