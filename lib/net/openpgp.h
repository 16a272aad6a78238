/* Verify detached OpenPGP signatures by keys that are known (RFC 4880)
 *
 * Supports what lists of images are signed with: signatures of version 4 over a binary file
 * (class 00), by RSA keys of 2048 to 4096 bits, with SHA-256, SHA-384 or SHA-512, armored or
 * not. The key that signs must be a primary key. Whoever names a key has decided to trust it:
 * user IDs, subkeys and the expiry of a key are ignored. A key is left out if a revocation
 * stands right behind it.
 *
 * All lengths are checked against the bytes that exist; partial and indeterminate lengths are
 * refused.
 */
#ifndef NET_OPENPGP_H
#define NET_OPENPGP_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum { OPENPGP_KEYS_MAX = 16, OPENPGP_FINGERPRINT = 40 };

struct openpgp_key {
	char fingerprint[OPENPGP_FINGERPRINT + 1];	/* in upper-case hexadecimal */
	int64_t created;				/* seconds since 1970 */
	const unsigned char *modulus, *exponent;	/* in the arena or the caller's text */
	size_t modulus_len, exponent_len;
};

struct openpgp_keys {
	struct openpgp_key list[OPENPGP_KEYS_MAX];
	size_t n;		/* at least 1 */
};

struct openpgp_signature {
	const struct openpgp_key *key;	/* whose it is; NULL: nobody's of these */
	int64_t made;			/* seconds since 1970, as the signature says */
	/* Of a signature by another key: its fingerprint, or the end of it; "" if there is no
	 * signature at all. */
	char stranger[OPENPGP_FINGERPRINT + 1];
};

/* Read public keys, one file behind the other. The bytes are borrowed. ERR_INPUT if none can be
 * used. */
int openpgp_read_keys(struct arena *m, const void *text, size_t n, struct openpgp_keys *keys,
                      struct err *e);

/* Look for a good signature over `data` among those in `text`; one is enough. Returns 1 with
 * `*out` set; 0 if none claims to be by one of the keys; -1 (ERR_UNTRUSTED) if one claims that
 * and is wrong, was made more than a day after `now` or before its key, or has expired. */
int openpgp_verify(const struct openpgp_keys *keys, const void *data, size_t n,
                   const void *text, size_t text_len, int64_t now,
                   struct openpgp_signature *out, struct err *e);

#endif
