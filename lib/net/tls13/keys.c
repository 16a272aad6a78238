/* Each secret comes from the one before and from the hash of all messages so far, so both sides
 * have the same keys only if they have seen the same handshake. */

#include "lib/net/tls13/impl.h"

#include <string.h>

static const struct suite suites[SUITES_13] = {
	{ 0x1301, br_sha256_ID, 32, 16, false, "TLS_AES_128_GCM_SHA256" },
	{ 0x1302, br_sha384_ID, 48, 32, false, "TLS_AES_256_GCM_SHA384" },
	{ 0x1303, br_sha256_ID, 32, 32, true, "TLS_CHACHA20_POLY1305_SHA256" },
};

bool has_fast_aes(void)
{
	return br_aes_x86ni_ctr_get_vtable();
}

void suites_list(uint16_t list[SUITES_13])
{
	int i, first = has_fast_aes() ? 0 : SUITES_13 - 1;

	for (i = 0; i < SUITES_13; i++)
		list[i] = suites[(first + i) % SUITES_13].id;
}

const struct suite *suite_find(unsigned id)
{
	size_t i;

	for (i = 0; i < SUITES_13; i++)
		if (suites[i].id == id) return &suites[i];
	return NULL;
}

static const br_hash_class *suite_hash(const struct suite *s)
{
	return s->hash_id == br_sha384_ID ? &br_sha384_vtable : &br_sha256_vtable;
}

static void hkdf_extract(const struct suite *s, const unsigned char *salt, size_t salt_len,
                         const unsigned char *secret, size_t n, unsigned char *out)
{
	br_hmac_key_context key;
	br_hmac_context hmac;

	br_hmac_key_init(&key, suite_hash(s), salt, salt_len);
	br_hmac_init(&hmac, &key, 0);
	br_hmac_update(&hmac, secret, n);
	br_hmac_out(&hmac, out);
}

void hkdf_expand(const struct suite *s, const unsigned char *secret, const char *label,
                 const unsigned char *context, size_t context_len, unsigned char *out, size_t n)
{
	unsigned char text[128], block[HASH_MAX];
	struct octets_out info = { text, 0 };
	br_hmac_key_context key;
	br_hmac_context hmac;
	size_t begin;

	octets_put(&info, (unsigned)n, 2);
	begin = octets_begin(&info, 1);
	octets_put_bytes(&info, "tls13 ", 6);
	octets_put_bytes(&info, label, strlen(label));
	octets_end(&info, begin, 1);
	begin = octets_begin(&info, 1);
	octets_put_bytes(&info, context, context_len);
	octets_end(&info, begin, 1);
	octets_put(&info, 1, 1);		/* the number of the block */
	br_hmac_key_init(&key, suite_hash(s), secret, s->hash_len);
	br_hmac_init(&hmac, &key, 0);
	br_hmac_update(&hmac, text, info.n);
	br_hmac_out(&hmac, block);
	memcpy(out, block, n);
}

/* Derive-Secret(secret, "derived", "") */
static void derive_next(const struct suite *s, const unsigned char *secret, unsigned char *out)
{
	unsigned char empty[HASH_MAX];
	br_hash_compat_context hash;

	suite_hash(s)->init(&hash.vtable);
	suite_hash(s)->out(&hash.vtable, empty);
	schedule_traffic(s, secret, "derived", empty, out);
}

void schedule_handshake(const struct suite *s, const unsigned char *shared, size_t n,
                        unsigned char *out)
{
	static const unsigned char zeros[HASH_MAX];
	unsigned char early[HASH_MAX], derived[HASH_MAX];

	hkdf_extract(s, zeros, s->hash_len, zeros, s->hash_len, early);
	derive_next(s, early, derived);
	hkdf_extract(s, derived, s->hash_len, shared, n, out);
}

void schedule_master(const struct suite *s, const unsigned char *handshake, unsigned char *out)
{
	static const unsigned char zeros[HASH_MAX];
	unsigned char derived[HASH_MAX];

	derive_next(s, handshake, derived);
	hkdf_extract(s, derived, s->hash_len, zeros, s->hash_len, out);
}

void schedule_traffic(const struct suite *s, const unsigned char *secret, const char *label,
                      const unsigned char *transcript, unsigned char *out)
{
	hkdf_expand(s, secret, label, transcript, s->hash_len, out, s->hash_len);
}

void schedule_finished(const struct suite *s, const unsigned char *traffic,
                       const unsigned char *transcript, unsigned char *out)
{
	unsigned char key[HASH_MAX];

	hkdf_expand(s, traffic, "finished", NULL, 0, key, s->hash_len);
	hkdf_extract(s, key, s->hash_len, transcript, s->hash_len, out);
}

bool secret_same(const unsigned char *a, const unsigned char *b, size_t n)
{
	unsigned char differs = 0;
	size_t i;

	for (i = 0; i < n; i++)
		differs |= a[i] ^ b[i];
	return !differs;
}
