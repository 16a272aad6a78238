/* Amounts of bytes as people write them
 *
 * "512", "64K", "10G", "1.5T", with "B" or "iB" behind the letter if one likes, of
 * either case: always powers of 1024. Nothing below a byte, nothing beyond 2^63.
 */
#ifndef TEXT_SIZE_H
#define TEXT_SIZE_H

#include <stdint.h>

struct err;

/* ERR_INPUT with the text when it is no size. */
int size_parse(const char *text, uint64_t *bytes, struct err *e);

#endif
