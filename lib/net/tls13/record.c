/* An encrypted record is content, the byte of its type, zeros, and a tag; its header is in the
 * clear, and the tag covers it. The nonce is the number of the record. */

#include "lib/net/tls13/impl.h"

#include <string.h>

void record_keys_set(struct record_keys *k, const struct suite *s, const unsigned char *secret)
{
	const br_block_ctr_class *ctr = br_aes_x86ni_ctr_get_vtable();
	br_ghash ghash = br_ghash_pclmul_get();
	static const unsigned char zeros[12];

	k->suite = s;
	k->count = 0;
	memmove(k->secret, secret, s->hash_len);
	hkdf_expand(s, secret, "key", NULL, 0, k->key, s->key_len);
	hkdf_expand(s, secret, "iv", NULL, 0, k->iv, sizeof k->iv);
	if (s->is_chacha) return;
	if (!ctr) ctr = &br_aes_ct64_ctr_vtable;
	ctr->init(&k->aes.vtable, k->key, s->key_len);
	/* Once a key: to ask the processor is slow in a virtual machine. */
	k->ghash = ghash ? ghash : br_ghash_ctmul64;
	memset(k->ghash_key, 0, sizeof k->ghash_key);
	ctr->run(&k->aes.vtable, zeros, 0, k->ghash_key, sizeof k->ghash_key);
}

void record_keys_update(struct record_keys *k)
{
	unsigned char next[HASH_MAX];

	hkdf_expand(k->suite, k->secret, "traffic upd", NULL, 0, next, k->suite->hash_len);
	record_keys_set(k, k->suite, next);
}

static void next_nonce(struct record_keys *k, unsigned char nonce[12])
{
	uint64_t count = k->count++;
	int i;

	memcpy(nonce, k->iv, 12);
	for (i = 11; i >= 4; i--, count >>= 8)
		nonce[i] ^= (unsigned char)count;
}

/* GCM, from its two parts (NIST SP 800-38D): the counter begins with 2 for the text, 1 is for
 * the tag, and the tag covers the encrypted text. */
static void run_gcm(const struct record_keys *k, bool encrypt, const unsigned char nonce[12],
                    unsigned char *record, size_t n, unsigned char tag[TAG])
{
	const br_block_ctr_class *const *aes = &k->aes.vtable;
	unsigned char lengths[16] = { 0 }, *p = record + RECORD_HEAD;
	struct octets_out bits = { lengths, 4 };

	octets_put(&bits, 8 * RECORD_HEAD, 4);
	bits.n += 4;
	octets_put(&bits, (unsigned)(8 * n), 4);
	if (encrypt) (*aes)->run(aes, nonce, 2, p, n);
	memset(tag, 0, TAG);
	k->ghash(tag, k->ghash_key, record, RECORD_HEAD);
	k->ghash(tag, k->ghash_key, p, n);
	k->ghash(tag, k->ghash_key, lengths, sizeof lengths);
	(*aes)->run(aes, nonce, 1, tag, TAG);
	if (!encrypt) (*aes)->run(aes, nonce, 2, p, n);
}

/* Encrypt or decrypt in place, and compute the tag, which covers the header of the record. */
static void run_cipher(struct record_keys *k, bool encrypt, unsigned char *record, size_t n,
                       unsigned char tag[TAG])
{
	br_chacha20_run sse2 = br_chacha20_sse2_get();
	unsigned char nonce[12];

	next_nonce(k, nonce);
	if (k->suite->is_chacha)
		br_poly1305_ctmulq_run(k->key, nonce, record + RECORD_HEAD, n, record,
		                       RECORD_HEAD, tag, sse2 ? sse2 : br_chacha20_ct_run,
		                       encrypt);
	else
		run_gcm(k, encrypt, nonce, record, n, tag);
}

static void put_head(unsigned char *record, enum record_type type, unsigned version, size_t n)
{
	struct octets_out head = { record, 0 };

	octets_put(&head, type, 1);
	octets_put(&head, version, 2);
	octets_put(&head, (unsigned)n, 2);
}

size_t record_seal(struct record_keys *k, enum record_type type, unsigned version,
                   unsigned char *record, size_t n)
{
	if (!k->suite) {
		put_head(record, type, version, n);
		return RECORD_HEAD + n;
	}
	record[RECORD_HEAD + n++] = (unsigned char)type;
	put_head(record, RECORD_DATA, 0x0303, n + TAG);
	run_cipher(k, true, record, n, record + RECORD_HEAD + n);
	return RECORD_HEAD + n + TAG;
}

size_t record_size(const struct record_keys *k, const unsigned char *head, bool is_first,
                   struct breach *b)
{
	struct octets in = { head, RECORD_HEAD, false };
	unsigned type = octets_number(&in, 1), major = octets_number(&in, 1);
	size_t n;

	octets_number(&in, 1);
	n = octets_number(&in, 2);
	if (major != 3 || (is_first && (type < RECORD_CCS || type > RECORD_DATA)))
		return breach(b, BREACH_NOT_TLS, ALERT_VERSION), 0;
	if (type < RECORD_CCS || type > RECORD_DATA)
		return breach_rule(b, ALERT_UNEXPECTED, "a record of an unknown type"), 0;
	if (n > (k->suite && type == RECORD_DATA ? SEALED_MAX : PLAIN_MAX))
		return breach_rule(b, ALERT_OVERFLOW, "a record that is too long"), 0;
	return RECORD_HEAD + n;
}

static int open_sealed(struct record_keys *k, unsigned char *record, size_t size,
                       struct octets *content, struct breach *b)
{
	unsigned char tag[TAG], *p = record + RECORD_HEAD;
	size_t n = size - RECORD_HEAD;

	if (n < TAG + 1) return breach(b, BREACH_CHANGED, ALERT_BAD_MAC);
	n -= TAG;
	run_cipher(k, false, record, n, tag);
	if (!secret_same(tag, p + n, TAG)) return breach(b, BREACH_CHANGED, ALERT_BAD_MAC);
	if (n > PLAIN_MAX + 1)
		return breach_rule(b, ALERT_OVERFLOW, "a record that is too long");
	while (n && !p[n - 1])
		n--;
	if (!n) return breach_rule(b, ALERT_UNEXPECTED, "a record of padding alone");
	*content = (struct octets){ p, n - 1, false };
	return p[n - 1];
}

int record_open(struct record_keys *k, unsigned char *record, size_t size,
                struct octets *content, struct breach *b)
{
	int type = record[0];

	*content = (struct octets){ record + RECORD_HEAD, size - RECORD_HEAD, false };
	if (type == RECORD_CCS) return type;
	if (type == RECORD_DATA && !k->suite)
		return breach_rule(b, ALERT_UNEXPECTED, "data before there are keys");
	if (!k->suite) return type;
	if (type != RECORD_DATA)
		return breach_rule(b, ALERT_UNEXPECTED, "a record that is not encrypted");
	type = open_sealed(k, record, size, content, b);
	if (type >= 0 && type != RECORD_ALERT && type != RECORD_HANDSHAKE &&
	    type != RECORD_DATA)
		return breach_rule(b, ALERT_UNEXPECTED, "an encrypted record of a wrong type");
	return type;
}
