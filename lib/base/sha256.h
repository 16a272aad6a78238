/* SHA-256 of a stream, and its text form (FIPS 180-4)
 *
 * Uses the processor's SHA instructions if it has them: an image is hashed while it is decoded
 * and unpacked, on the same cores.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX = 64 };

struct sha256 {
	uint32_t state[8];
	uint64_t length;
	unsigned char part[64];		/* of a block */
	bool fast;
};

void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t n);

/* The digest of the bytes added so far; more may be added. */
void sha256_digest(const struct sha256 *h, unsigned char digest[SHA256_SIZE]);

/* The same in lower case hexadecimal. */
void sha256_end(const struct sha256 *h, char hex[SHA256_HEX + 1]);

/* Whether a text is exactly 64 hexadecimal digits of either case. */
bool sha256_is_hex(const char *s);

/* Whether two hexadecimal digests are equal, ignoring case. */
bool sha256_same(const char *a, const char *b);

#endif
