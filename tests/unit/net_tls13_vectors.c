/* The functions of TLS 1.3 against numbers of others: the traces of RFC 8448, Wycheproof's
 * points and signatures, and BearSSL's own AEADs. */

#include "lib/net/tls13/impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "tests/unit/test.h"

struct bytes {
	unsigned char *p;
	size_t n;
};

static struct bytes from_hex(struct arena *m, const char *text, size_t n)
{
	struct bytes b = { arena_alloc(m, n / 2 + 1), n / 2 };
	unsigned v;
	size_t i;

	if (n == 1 && *text == '-') return (struct bytes){ b.p, 0 };
	CHECK(n % 2 == 0);
	for (i = 0; i < b.n; i++) {
		CHECK(sscanf(text + 2 * i, "%2x", &v) == 1);
		b.p[i] = (unsigned char)v;
	}
	return b;
}

static const char *load(struct arena *m, const char *path)
{
	struct err e = { 0 };
	const char *text = read_file(m, AT_FDCWD, path, 1 << 20, NULL, &e);

	CHECK_STR(e.text, "");
	return text;
}

static void same(const unsigned char *is, size_t n, struct bytes want)
{
	CHECK_INT(n, want.n);
	CHECK(!memcmp(is, want.p, n));
}

/* -- RFC 8448 -- */

struct trace {
	struct arena m;
	const char *text;		/* of its section */
	br_multihash_context transcript;
	const struct suite *suite;
};

static struct bytes part(struct trace *t, const char *name)
{
	size_t n = strlen(name);
	const char *p = t->text;

	while (*p && *p != '[') {
		if (!strncmp(p, name, n) && p[n] == ' ')
			return from_hex(&t->m, p + n + 1, strcspn(p + n + 1, "\n"));
		p = strchr(p, '\n') + 1;
	}
	test_fail(__FILE__, __LINE__, "no %s", name);
}

static void open_trace(struct trace *t, const char *section)
{
	t->text = strstr(load(&t->m, "tests/data/tls13/rfc8448.txt"), section);
	CHECK(t->text);
	t->text = strchr(t->text, '\n') + 1;
	t->suite = suite_find(0x1301);
	br_multihash_zero(&t->transcript);
	br_multihash_setimpl(&t->transcript, br_sha256_ID, &br_sha256_vtable);
	br_multihash_init(&t->transcript);
}

/* Both add to the transcript, a record without its head. */
static void hear(struct trace *t, const char *name)
{
	struct bytes b = part(t, name);

	br_multihash_update(&t->transcript, b.p, b.n);
}

static void hear_record(struct trace *t, const char *name)
{
	struct bytes b = part(t, name);

	br_multihash_update(&t->transcript, b.p + RECORD_HEAD, b.n - RECORD_HEAD);
}

static void transcript_now(struct trace *t, unsigned char out[HASH_MAX])
{
	br_multihash_out(&t->transcript, br_sha256_ID, out);
}

static void opens(struct trace *t, struct record_keys *k, const char *record, int type,
                  struct bytes want)
{
	struct bytes sealed = part(t, record);
	struct octets content;
	struct breach b;

	CHECK_INT(record_size(k, sealed.p, false, &b), sealed.n);
	CHECK_INT(record_open(k, sealed.p, sealed.n, &content, &b), type);
	same(content.p, content.n, want);
}

static void seals(struct trace *t, struct record_keys *k, const char *record, int type,
                  struct bytes content)
{
	unsigned char buf[RECORD_MAX];
	size_t n;

	memcpy(buf + RECORD_HEAD, content.p, content.n);
	n = record_seal(k, (enum record_type)type, 0x0303, buf, content.n);
	same(buf, n, part(t, record));
}

static struct bytes flight(struct trace *t)
{
	static const char *const names[] = {
		"message-encrypted-extensions", "message-certificate",
		"message-certificate-verify", "message-finished",
	};
	struct bytes all = { arena_alloc(&t->m, 4096), 0 }, one;
	size_t i;

	for (i = 0; i < 4; i++) {
		one = part(t, names[i]);
		memcpy(all.p + all.n, one.p, one.n);
		all.n += one.n;
	}
	return all;
}

static void agrees(struct trace *t, int group)
{
	struct bytes key = part(t, "client-private"), point = part(t, "server-public");
	unsigned char shared[SHARED_MAX];
	struct share s;

	share_make(&s, group, memcpy(arena_alloc(&t->m, 48), key.p, key.n));
	if (group == GROUP_X25519) same(s.point, s.point_len, part(t, "client-public"));
	memcpy(s.key, key.p, key.n);
	CHECK_INT(share_agree(&s, point.p, point.n, shared), 32);
	same(shared, 32, part(t, "shared"));
}

/* The certificate's RSA key has 1024 bits, so the judge of certificates would refuse it. */
static void check_signature(struct trace *t)
{
	struct bytes cert = part(t, "message-certificate"), input;
	struct bytes verify = part(t, "message-certificate-verify");
	const unsigned char *signature = verify.p + 8;
	struct cert c;
	br_x509_pkey key = { .key_type = BR_KEYTYPE_RSA };

	CHECK(cert_read(cert.p + 11, cert.n - 13, &c));
	key.key.rsa = (br_rsa_public_key){
		(unsigned char *)(uintptr_t)c.modulus.p, c.modulus.n,
		(unsigned char *)(uintptr_t)c.exponent.p, c.exponent.n,
	};
	input = part(t, "certificate-verify-input");
	CHECK_INT(verify.n, 8 + 128);
	CHECK_INT(verify.p[4] << 8 | verify.p[5], 0x0804);
	CHECK_INT(signature_check(&key, 0x0804, input.p, input.n, signature, 128), 1);
	input.p[70] ^= 1;
	CHECK_INT(signature_check(&key, 0x0804, input.p, input.n, signature, 128), 0);
}

static void replay(struct trace *t, int group)
{
	unsigned char hash[HASH_MAX], secret[HASH_MAX], traffic[HASH_MAX];
	struct bytes shared = part(t, "shared"), ap[2];
	struct record_keys in = { 0 }, out = { 0 };

	agrees(t, group);
	transcript_now(t, hash);
	schedule_handshake(t->suite, shared.p, shared.n, secret);
	same(secret, 32, part(t, "handshake-secret"));
	schedule_traffic(t->suite, secret, "s hs traffic", hash, traffic);
	same(traffic, 32, part(t, "s-hs-traffic"));
	record_keys_set(&in, t->suite, traffic);
	schedule_traffic(t->suite, secret, "c hs traffic", hash, traffic);
	same(traffic, 32, part(t, "c-hs-traffic"));
	record_keys_set(&out, t->suite, traffic);
	opens(t, &in, "records-server-flight", RECORD_HANDSHAKE, flight(t));
	check_signature(t);

	hear(t, "message-encrypted-extensions");
	hear(t, "message-certificate");
	hear(t, "message-certificate-verify");
	transcript_now(t, hash);
	schedule_finished(t->suite, in.secret, hash, hash);
	same(hash, 32, (struct bytes){ part(t, "message-finished").p + 4, 32 });
	hear(t, "message-finished");
	transcript_now(t, hash);
	schedule_master(t->suite, secret, secret);
	same(secret, 32, part(t, "master-secret"));
	seals(t, &out, "records-client-finished", RECORD_HANDSHAKE,
	      part(t, "message-client-finished"));
	schedule_finished(t->suite, out.secret, hash, traffic);
	same(traffic, 32, (struct bytes){ part(t, "message-client-finished").p + 4, 32 });
	schedule_traffic(t->suite, secret, "s ap traffic", hash, traffic);
	ap[0] = part(t, "s-ap-traffic");
	same(traffic, 32, ap[0]);
	schedule_traffic(t->suite, secret, "c ap traffic", hash, traffic);
	ap[1] = part(t, "c-ap-traffic");
	same(traffic, 32, ap[1]);
}

static const struct bytes close_notify = { (unsigned char[]){ 1, 0 }, 2 };

TEST(rfc8448_one_round_trip)
{
	struct trace t = { 0 };
	struct record_keys in = { 0 }, out = { 0 };

	open_trace(&t, "[simple-1-rtt]");
	hear_record(&t, "record-client-hello");
	hear_record(&t, "record-server-hello");
	replay(&t, GROUP_X25519);
	record_keys_set(&in, t.suite, part(&t, "s-ap-traffic").p);
	record_keys_set(&out, t.suite, part(&t, "c-ap-traffic").p);
	opens(&t, &in, "record-new-session-ticket", RECORD_HANDSHAKE,
	      part(&t, "message-new-session-ticket"));
	seals(&t, &out, "record-client-data", RECORD_DATA, part(&t, "client-data"));
	opens(&t, &in, "record-server-data", RECORD_DATA, part(&t, "server-data"));
	seals(&t, &out, "record-client-close", RECORD_ALERT, close_notify);
	opens(&t, &in, "record-server-close", RECORD_ALERT, close_notify);
	arena_free(&t.m);
}

TEST(rfc8448_a_retry)
{
	unsigned char first[4 + HASH_MAX] = { MESSAGE_HASH, 0, 0, 32 };
	struct trace t = { 0 };

	open_trace(&t, "[hello-retry-request]");
	hear_record(&t, "record-client-hello-1");
	transcript_now(&t, first + 4);
	br_multihash_init(&t.transcript);
	br_multihash_update(&t.transcript, first, 4 + 32);
	hear_record(&t, "record-hello-retry-request");
	hear_record(&t, "record-client-hello-2");
	hear_record(&t, "record-server-hello");
	replay(&t, GROUP_P256);
	arena_free(&t.m);
}

/* -- Wycheproof -- */

struct words {
	struct arena m;
	const char *at;
	char kind[8];
	struct bytes v[3];
	unsigned number;		/* the group, the algorithm, or whether it is valid */
};

/* The next line that is not a comment. */
static bool next_line(struct words *w)
{
	size_t n, i;

	arena_free(&w->m);
	while (*w->at == '#')
		w->at = strchr(w->at, '\n') + 1;
	if (!*w->at) return false;
	CHECK(sscanf(w->at, "%7s", w->kind) == 1);
	w->at += strlen(w->kind);
	if (strcmp(w->kind, "sig"))
		w->number = (unsigned)strtoul(w->at, (char **)(uintptr_t)&w->at,
		                              *w->kind == 'k' ? 16 : 10);
	memset(w->v, 0, sizeof w->v);
	for (i = 0; *w->at == ' '; i++, w->at += n) {
		n = strcspn(++w->at, " \n");
		if (n == 1 && *w->at != '-') w->number = (unsigned)(*w->at - '0');
		else w->v[i] = from_hex(&w->m, w->at, n);
	}
	w->at++;
	return true;
}

static void check_share(const struct words *w)
{
	struct share s = { .group = (int)w->number, .key_len = w->v[1].n };
	unsigned char shared[SHARED_MAX];
	size_t n;

	br_ec_get_default()->generator(s.group, &s.point_len);
	memcpy(s.key, w->v[1].p, w->v[1].n);
	n = share_agree(&s, w->v[0].p, w->v[0].n, shared);
	same(shared, n, w->v[2]);
}

TEST(points)
{
	AUTOFREE struct arena m = { 0 };
	struct words w = { .at = load(&m, "tests/data/tls13/vectors.txt") };
	int n = 0;

	while (next_line(&w)) {
		if (strcmp(w.kind, "share")) continue;
		check_share(&w);
		n++;
	}
	CHECK_INT(n, 129);
}

struct key {
	unsigned char p[2][600];
	unsigned algorithm;
	br_x509_pkey pkey;
};

static void read_key(struct key *k, const struct words *w)
{
	memcpy(k->p[0], w->v[0].p, w->v[0].n);
	k->algorithm = w->number;
	if (w->v[1].n) {
		memcpy(k->p[1], w->v[1].p, w->v[1].n);
		k->pkey.key_type = BR_KEYTYPE_RSA;
		k->pkey.key.rsa = (br_rsa_public_key){ k->p[0], w->v[0].n, k->p[1],
		                                       w->v[1].n };
	} else {
		k->pkey.key_type = BR_KEYTYPE_EC;
		k->pkey.key.ec = (br_ec_public_key){ (int)(w->number >> 8) + 19, k->p[0],
		                                     w->v[0].n };
	}
}

TEST(signatures)
{
	AUTOFREE struct arena m = { 0 };
	struct words w = { .at = load(&m, "tests/data/tls13/vectors.txt") };
	int n = 0, good = 0, rc;
	struct key k = { 0 };

	while (next_line(&w)) {
		if (!strcmp(w.kind, "key")) read_key(&k, &w);
		if (strcmp(w.kind, "sig")) continue;
		rc = signature_check(&k.pkey, k.algorithm, w.v[0].p, w.v[0].n, w.v[1].p,
		                     w.v[1].n);
		if (rc != (int)w.number)
			test_fail(__FILE__, __LINE__, "signature %d gives %d", n, rc);
		n++;
		good += rc;
	}
	CHECK_INT(n, 306);
	CHECK(good > 100);
}

/* Each algorithm is for one kind of key, and a curve has its own hash. */
TEST(algorithms_and_keys)
{
	static const unsigned char text[] = "x";
	struct key k = { 0 };
	int curve, i;

	for (curve = BR_EC_secp256r1; curve <= BR_EC_secp521r1; curve++) {
		k.pkey.key_type = BR_KEYTYPE_EC;
		k.pkey.key.ec = (br_ec_public_key){ curve, k.p[0], 65 };
		for (i = 0; i < ALGORITHMS_13; i++)
			CHECK_INT(signature_check(&k.pkey, algorithm_at(i), text, 1, text, 1),
			          i == curve - BR_EC_secp256r1 ? 0 : -1);
	}
	k.pkey.key_type = BR_KEYTYPE_RSA;
	k.pkey.key.rsa = (br_rsa_public_key){ k.p[0], 0, k.p[1], 0 };
	for (i = 0; i < ALGORITHMS_13; i++)
		CHECK_INT(signature_check(&k.pkey, algorithm_at(i), text, 1, text, 1),
		          i < 3 ? -1 : 0);
	CHECK_INT(signature_check(&k.pkey, 0x0401, text, 1, text, 1), -1);
	CHECK_INT(signature_check(&k.pkey, 0x0807, text, 1, text, 1), -1);
}

/* -- records, beside BearSSL's GCM and the other ChaCha20-Poly1305 of BearSSL -- */

static void reference(const struct record_keys *k, uint64_t count, unsigned char *record,
                      size_t n, unsigned char tag[16])
{
	unsigned char nonce[12], *p = record + RECORD_HEAD;
	br_aes_ct_ctr_keys aes;
	br_gcm_context gcm;
	int i;

	memcpy(nonce, k->iv, 12);
	for (i = 0; i < 8; i++)
		nonce[11 - i] ^= (unsigned char)(count >> 8 * i);
	if (k->suite->is_chacha) {
		br_poly1305_i15_run(k->key, nonce, p, n, record, RECORD_HEAD, tag,
		                    br_chacha20_ct_run, 0);
		return;
	}
	br_aes_ct_ctr_init(&aes, k->key, k->suite->key_len);
	br_gcm_init(&gcm, &aes.vtable, br_ghash_ctmul32);
	br_gcm_reset(&gcm, nonce, 12);
	br_gcm_aad_inject(&gcm, record, RECORD_HEAD);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, 0, p, n);
	br_gcm_get_tag(&gcm, tag);
}

static void seal_and_open(struct record_keys *out, struct record_keys *in, size_t n)
{
	static unsigned char text[PLAIN_MAX], record[RECORD_MAX], copy[RECORD_MAX];
	uint64_t count = out->count;
	unsigned char tag[16];
	struct octets content;
	struct breach b;
	size_t i, size;

	for (i = 0; i < n; i++)
		text[i] = (unsigned char)(i * 7 + n);
	memcpy(record + RECORD_HEAD, text, n);
	size = record_seal(out, RECORD_DATA, 0x0303, record, n);
	CHECK_INT(size, RECORD_HEAD + n + 1 + TAG);
	memcpy(copy, record, size);
	reference(out, count, copy, n + 1, tag);
	CHECK(!memcmp(copy + RECORD_HEAD, text, n) && copy[RECORD_HEAD + n] == RECORD_DATA);
	CHECK(!memcmp(tag, record + size - TAG, TAG));
	CHECK_INT(record_open(in, record, size, &content, &b), RECORD_DATA);
	same(content.p, content.n, (struct bytes){ text, n });
}

TEST(records)
{
	static const unsigned char secret[HASH_MAX] = "a secret of forty-eight bytes";
	struct record_keys in = { 0 }, out = { 0 };
	unsigned id;
	size_t n;

	for (id = 0x1301; id <= 0x1303; id++) {
		record_keys_set(&in, suite_find(id), secret);
		record_keys_set(&out, suite_find(id), secret);
		out.count = in.count = UINT64_C(0x01fffffffe);
		for (n = 0; n < 150; n++)
			seal_and_open(&out, &in, n);
		seal_and_open(&out, &in, PLAIN_MAX);
		record_keys_update(&in);
		record_keys_update(&out);
		CHECK_INT(in.count, 0);
		seal_and_open(&out, &in, 20);
		CHECK(memcmp(in.secret, secret, 32));
	}
	CHECK(!suite_find(0x1304));
}

TEST(a_record_that_was_changed)
{
	static const unsigned char secret[HASH_MAX] = "x";
	unsigned char record[64], copy[64];
	struct record_keys k = { 0 };
	struct octets content;
	struct breach b;
	unsigned id;
	size_t bit, size;

	for (id = 0x1301; id <= 0x1303; id++) {
		record_keys_set(&k, suite_find(id), secret);
		memcpy(record + RECORD_HEAD, "hello", 5);
		size = record_seal(&k, RECORD_DATA, 0x0303, record, 5);
		for (bit = 8; bit < 8 * size; bit++) {
			memcpy(copy, record, size);
			copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
			k.count = 0;
			CHECK_INT(record_open(&k, copy, size, &content, &b), -1);
			CHECK_INT(b.kind, BREACH_CHANGED);
			CHECK_INT(b.alert, ALERT_BAD_MAC);
		}
		k.count = 0;
		CHECK_INT(record_open(&k, record, size, &content, &b), RECORD_DATA);
	}
}
