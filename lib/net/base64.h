/* Read base64 (RFC 4648): certificates in PEM, keys and signatures of OpenPGP */
#ifndef NET_BASE64_H
#define NET_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* White space is skipped. Returns the number of bytes, or -1. `out` has room for 3 of 4
 * characters. */
ssize_t base64_decode(const char *in, size_t n, unsigned char *out);

#endif
