/* UTF-8, read strictly: no overlong forms, no surrogates, nothing past U+10FFFF
 * (RFC 3629)
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read the character that begins at `s`, of which `n` bytes may be read. Returns its
 * length in bytes; 0 if there is no valid one. */
size_t utf8_next(const char *s, size_t n, uint32_t *c);

bool utf8_valid(const char *s, size_t n);

#endif
