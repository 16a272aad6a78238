/* Read DER, element by element
 *
 * The encoding of certificates (X.690). Elements are slices of the caller's bytes;
 * nothing is copied. Only tags of one byte and definite lengths are supported:
 * certificates have no others. Every length is checked against the bytes that exist.
 */
#ifndef NET_DER_H
#define NET_DER_H

#include <stdbool.h>
#include <stddef.h>

struct der {
	const unsigned char *p;		/* NULL: absent */
	size_t n;
};

enum der_tag {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BITS = 0x03, DER_OCTETS = 0x04,
	DER_OID = 0x06, DER_UTC_TIME = 0x17, DER_TIME = 0x18, DER_BMP = 0x1e,
	DER_SEQUENCE = 0x30, DER_SET = 0x31, DER_EXPLICIT = 0xa0,	/* + its number */
};

/* Take the next element from the front of `in`; `whole` (may be NULL) gets it with its header.
 * Returns false if there is none or it is malformed. */
bool der_next(struct der *in, int *tag, struct der *body, struct der *whole);

/* The same if the element has this tag; else returns false and changes nothing. */
bool der_take(struct der *in, int tag, struct der *body);

/* The size of the first element with its header; 0: there is none. */
size_t der_size(const void *data, size_t n);

bool der_same(struct der a, struct der b);

#endif
