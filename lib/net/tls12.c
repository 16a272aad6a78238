#include "lib/net/tls12.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/net/tls13/client.h"

struct tls12 {
	br_ssl_client_context client;
	unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

struct named_suite {
	uint16_t id;
	char name[46];
};

/* In the order for processors without AES instructions, where ChaCha20 is faster. */
#define SUITE(id_) { BR_TLS_##id_, "TLS_" #id_ }
static const struct named_suite suites[SUITES_12] = {
	SUITE(ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
	SUITE(ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
	SUITE(ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
	SUITE(ECDHE_RSA_WITH_AES_128_GCM_SHA256),
	SUITE(ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
	SUITE(ECDHE_RSA_WITH_AES_256_GCM_SHA384),
	SUITE(ECDHE_ECDSA_WITH_AES_128_CCM),
	SUITE(ECDHE_ECDSA_WITH_AES_256_CCM),
	SUITE(ECDHE_ECDSA_WITH_AES_128_CBC_SHA256),
	SUITE(ECDHE_RSA_WITH_AES_128_CBC_SHA256),
	SUITE(ECDHE_ECDSA_WITH_AES_256_CBC_SHA384),
	SUITE(ECDHE_RSA_WITH_AES_256_CBC_SHA384),
};
enum { CHACHA_SUITES = 2, GCM_SUITES = 4 };

void tls12_suites(uint16_t list[SUITES_12])
{
	bool aes = has_fast_aes();
	size_t i, from;

	for (i = 0; i < SUITES_12; i++) {
		from = i;
		if (aes && i < GCM_SUITES) from = i + CHACHA_SUITES;
		else if (aes && i < GCM_SUITES + CHACHA_SUITES) from = i - GCM_SUITES;
		list[i] = suites[from].id;
	}
}

static void set_algorithms(br_ssl_engine_context *eng)
{
	uint16_t list[SUITES_12];

	tls12_suites(list);
	br_ssl_engine_set_suites(eng, list, SUITES_12);
	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_hash(eng, br_sha224_ID, &br_sha224_vtable);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(eng, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, br_tls12_sha384_prf);
	br_ssl_engine_set_default_ec(eng);
	br_ssl_engine_set_default_rsavrfy(eng);
	br_ssl_engine_set_default_ecdsa(eng);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_aes_ccm(eng);
	br_ssl_engine_set_default_aes_cbc(eng);
	br_ssl_engine_set_default_chapol(eng);
}

br_ssl_engine_context *tls12_open(struct arena *m, struct trust *t,
                                  const unsigned char seed[32])
{
	struct tls12 *c = arena_alloc(m, sizeof *c);
	br_ssl_engine_context *eng = &c->client.eng;

	br_ssl_client_zero(&c->client);
	set_algorithms(eng);
	br_ssl_engine_set_x509(eng, &t->vtable);
	br_ssl_engine_set_buffer(eng, c->buffer, sizeof c->buffer, 1);
	br_ssl_engine_inject_entropy(eng, seed, 32);
	/* If this fails, the engine is closed, with an error. */
	br_ssl_client_reset(&c->client, t->ip_len ? NULL : t->host, 0);
	return eng;
}

const char *tls12_suite(const br_ssl_engine_context *eng)
{
	size_t i;

	for (i = 0; i < SUITES_12; i++)
		if (suites[i].id == eng->session.cipher_suite) return suites[i].name;
	return "?";
}

int tls12_fail(const br_ssl_engine_context *eng, const struct trust *t, struct err *e)
{
	int code = br_ssl_engine_last_error(eng);

	if (code >= BR_ERR_SEND_FATAL_ALERT) code -= BR_ERR_SEND_FATAL_ALERT;
	if (code >= BR_ERR_RECV_FATAL_ALERT)
		return tls_fail_alert(t->host, code - BR_ERR_RECV_FATAL_ALERT, e);
	if (code >= BR_ERR_X509_INVALID_VALUE && code <= BR_ERR_X509_NOT_TRUSTED)
		return trust_fail(t, code, e);
	switch (code) {
	case BR_ERR_UNSUPPORTED_VERSION:
	case BR_ERR_BAD_VERSION:
	case BR_ERR_UNKNOWN_TYPE:
		return fail(e, ERR_NETWORK, "%s does not answer in TLS 1.2; is this a port for "
		            "https?", t->host);
	case BR_ERR_BAD_SIGNATURE:
		return fail(e, ERR_UNTRUSTED, "%s does not have the key of its certificate",
		            t->host);
	case BR_ERR_WRONG_KEY_USAGE:
		return fail(e, ERR_UNTRUSTED, "the certificate of %s is not for signatures",
		            t->host);
	case BR_ERR_BAD_MAC:
		return fail(e, ERR_NETWORK, "data from %s was changed on the way", t->host);
	}
	return fail(e, ERR_NETWORK, "%s breaks the TLS protocol (BearSSL error %d)", t->host,
	            code);
}
