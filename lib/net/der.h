/* DER, element by element
 *
 * The encoding of certificates (X.690). Elements are slices of somebody else's
 * bytes; nothing is copied. Tags of one byte and definite lengths only, which is all
 * that certificates have. Every length is checked against what there is.
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

/* Take the next element off the front of `in`; `whole` gets it with its header, and
 * may be NULL. false: there is none, or it is broken. */
bool der_next(struct der *in, int *tag, struct der *body, struct der *whole);

/* The same, if its tag is this one; else both stay as they are. */
bool der_take(struct der *in, int tag, struct der *body);

/* How many bytes the element at the front takes, header and all; 0: there is none. */
size_t der_size(const void *data, size_t n);

bool der_same(struct der a, struct der b);

#endif
