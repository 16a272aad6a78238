/* SHA-256 of a stream, and its text form (FIPS 180-4)
 *
 * BearSSL's, with the processor's own instructions for whole blocks where it has
 * them: an image is hashed while it is decoded and unpacked, on the same cores.
 */
#ifndef NET_SHA256_H
#define NET_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_HEX = 64 };

struct sha256 {
	uint64_t hidden[16];
	bool fast;
};

void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t n);

/* The digest of what was added so far, in lower case hexadecimal. */
void sha256_end(const struct sha256 *h, char hex[SHA256_HEX + 1]);

/* 64 hexadecimal digits, of either case, and nothing else. */
bool sha256_is_hex(const char *s);

/* Whether two digests in hexadecimal are the same, of either case. */
bool sha256_same(const char *a, const char *b);

#endif
