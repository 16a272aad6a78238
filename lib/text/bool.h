/* Yes or no, as people write it
 *
 * 1, yes, true, on and 0, no, false, off, in upper or lower case: what configs take, what the
 * switches of a command line take, and the beginning of what others take (a question also takes
 * a letter, systemd some more).
 */
#ifndef TEXT_BOOL_H
#define TEXT_BOOL_H

#include <stdbool.h>

/* False if `text` is none of these words; `*value` is left alone then. */
bool bool_read(const char *text, bool *value);

#endif
