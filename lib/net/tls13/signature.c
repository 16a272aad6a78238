/* BearSSL verifies ECDSA. Of RSA-PSS it has the arithmetic of RSA alone: the padding is checked
 * here. All of it is public, so nothing needs to take the same time. */

#include "lib/net/tls13/impl.h"

#include <string.h>

enum { RSA_MAX = 512, HASH_512 = 64 };

/* In TLS 1.3 a curve has its own hash, and RSA is PSS with a salt as long as the hash. */
struct algorithm {
	const br_hash_class *hash;
	uint16_t id;
	unsigned char hash_len, key_type, curve;
};

static const struct algorithm algorithms[ALGORITHMS_13] = {
	{ &br_sha256_vtable, 0x0403, 32, BR_KEYTYPE_EC, BR_EC_secp256r1 },
	{ &br_sha384_vtable, 0x0503, 48, BR_KEYTYPE_EC, BR_EC_secp384r1 },
	{ &br_sha512_vtable, 0x0603, 64, BR_KEYTYPE_EC, BR_EC_secp521r1 },
	{ &br_sha256_vtable, 0x0804, 32, BR_KEYTYPE_RSA, 0 },
	{ &br_sha384_vtable, 0x0805, 48, BR_KEYTYPE_RSA, 0 },
	{ &br_sha512_vtable, 0x0806, 64, BR_KEYTYPE_RSA, 0 },
};

uint16_t algorithm_at(int i)
{
	return algorithms[i].id;
}

struct hashing {
	const br_hash_class *class;
	br_hash_compat_context context;
};

static void hash_begin(struct hashing *h, const struct algorithm *a)
{
	h->class = a->hash;
	h->class->init(&h->context.vtable);
}

static void hash_add(struct hashing *h, const void *p, size_t n)
{
	h->class->update(&h->context.vtable, p, n);
}

static void hash_end(struct hashing *h, unsigned char *out)
{
	h->class->out(&h->context.vtable, out);
}

/* XOR with MGF1 of the seed (RFC 8017, B.2.1). */
static void unmask(const struct algorithm *a, const unsigned char *seed, unsigned char *p,
                   size_t n)
{
	unsigned char block[HASH_512], counter[4] = { 0 };
	struct hashing h;
	size_t i;

	for (i = 0; i < n; i++) {
		if (i % a->hash_len == 0) {
			hash_begin(&h, a);
			hash_add(&h, seed, a->hash_len);
			hash_add(&h, counter, sizeof counter);
			hash_end(&h, block);
			counter[3]++;
		}
		p[i] ^= block[i % a->hash_len];
	}
}

/* EMSA-PSS-VERIFY (RFC 8017, 9.1.2) of a message of `bits` bits in `n` bytes */
static bool is_pss(const struct algorithm *a, unsigned char *em, size_t n, size_t bits,
                   const unsigned char *digest)
{
	static const unsigned char zeros[8];
	unsigned char want[HASH_512];
	unsigned char top = (unsigned char)(0xff >> (8 * n - bits));
	size_t len = a->hash_len, padding, i;
	const unsigned char *found;
	struct hashing h;

	if (n < 2 * len + 2 || em[n - 1] != 0xbc || (em[0] | top) != top) return false;
	padding = n - 2 * len - 2;
	found = em + n - len - 1;
	unmask(a, found, em, n - len - 1);
	em[0] &= top;
	for (i = 0; i < padding; i++)
		if (em[i]) return false;
	if (em[padding] != 1) return false;
	hash_begin(&h, a);
	hash_add(&h, zeros, sizeof zeros);
	hash_add(&h, digest, len);
	hash_add(&h, em + padding + 1, len);
	hash_end(&h, want);
	return !memcmp(want, found, len);
}

static bool check_rsa(const struct algorithm *a, const br_rsa_public_key *key,
                      const unsigned char *signature, size_t len, const unsigned char *digest)
{
	unsigned char em[RSA_MAX], *p = em;
	const unsigned char *modulus = key->n;
	size_t n = key->nlen, bits;
	unsigned top;

	while (n && !*modulus) {
		modulus++;
		n--;
	}
	if (!n || n > sizeof em || len != n) return false;
	memcpy(em, signature, n);
	if (!br_rsa_i62_public(em, n, key)) return false;
	for (bits = 8 * n - 8, top = *modulus; top; top >>= 1)
		bits++;
	bits--;				/* of the message: one less than the modulus has */
	if (bits % 8 == 0) {
		if (*p++) return false;
		n--;
	}
	return is_pss(a, p, n, bits, digest);
}

int signature_check(const br_x509_pkey *key, unsigned algorithm, const void *data, size_t n,
                    const unsigned char *signature, size_t len)
{
	const struct algorithm *a = algorithms, *end = algorithms + ALGORITHMS_13;
	unsigned char digest[HASH_512];
	struct hashing h;

	while (a < end && a->id != algorithm)
		a++;
	if (a == end || key->key_type != a->key_type) return -1;
	if (a->key_type == BR_KEYTYPE_EC && key->key.ec.curve != a->curve) return -1;
	hash_begin(&h, a);
	hash_add(&h, data, n);
	hash_end(&h, digest);
	if (a->key_type == BR_KEYTYPE_RSA)
		return check_rsa(a, &key->key.rsa, signature, len, digest);
	return (int)br_ecdsa_i31_vrfy_asn1(br_ec_get_default(), digest, a->hash_len,
	                                   &key->key.ec, signature, len);
}
