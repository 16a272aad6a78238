/* White space in UTF-8 text, as Python's str.strip and \s know it */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/utf8.h"

/* How many bytes of white space stand at either end. */
size_t utf8_space_before(const char *s, size_t n);
size_t utf8_space_behind(const char *s, size_t n);

#endif
