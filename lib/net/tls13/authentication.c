/* The judge of certificates (lib/net/impl.h) is that of TLS 1.2: here it is fed, and the server
 * has to show that it has the key. */

#include "lib/net/tls13/impl.h"

#include <string.h>

static void give_cert(struct trust *t, struct octets cert)
{
	t->vtable->start_cert(&t->vtable, (uint32_t)cert.n);
	t->vtable->append(&t->vtable, cert.p, cert.n);
	t->vtable->end_cert(&t->vtable);
}

static int give_chain(struct octets body, struct trust *t, struct breach *b)
{
	struct octets context = octets_vector(&body, 1), list = octets_vector(&body, 3);
	struct octets cert, extensions;

	if (!octets_is_done(&body)) return breach_lengths(b);
	if (context.n) return breach_rule(b, ALERT_ILLEGAL, "certificates with a context");
	if (!list.n) return breach_rule(b, ALERT_DECODE, "no certificate");
	while (list.n) {
		cert = octets_vector(&list, 3);
		extensions = octets_vector(&list, 2);
		if (list.bad || !cert.n) return breach_lengths(b);
		if (extensions.n)
			return breach_rule(b, ALERT_EXTENSION,
			                   "an extension that was not asked for");
		give_cert(t, cert);
	}
	return 0;
}

static int alert_for(const struct trust *t, int code)
{
	if (t->fault.kind) return ALERT_BAD_CERTIFICATE;
	switch (code) {
	case BR_ERR_X509_EXPIRED:
		return ALERT_EXPIRED;
	case BR_ERR_X509_NOT_TRUSTED:
		return ALERT_UNKNOWN_CA;
	case BR_ERR_X509_UNSUPPORTED:
		return ALERT_UNSUPPORTED_CERTIFICATE;
	}
	return ALERT_BAD_CERTIFICATE;
}

int chain_read(struct octets body, struct trust *t, struct breach *b)
{
	unsigned usages, code;

	t->vtable->start_chain(&t->vtable, t->ip_len ? NULL : t->host);
	if (give_chain(body, t, b) < 0) return -1;
	if ((code = t->vtable->end_chain(&t->vtable))) {
		breach(b, BREACH_CHAIN, alert_for(t, (int)code));
		b->code = (int)code;
		return -1;
	}
	t->vtable->get_pkey(&t->vtable, &usages);
	if (usages & BR_KEYTYPE_SIGN) return 0;
	return breach(b, BREACH_USAGE, ALERT_BAD_CERTIFICATE);
}

int verify_read(struct octets body, const struct trust *t, const unsigned char *transcript,
                size_t n, struct breach *b)
{
	static const char purpose[] = "TLS 1.3, server CertificateVerify";
	const br_x509_pkey *key = t->vtable->get_pkey(&t->vtable, NULL);
	unsigned algorithm = octets_number(&body, 2);
	struct octets signature = octets_vector(&body, 2);
	unsigned char data[64 + sizeof purpose + HASH_MAX];

	if (!octets_is_done(&body)) return breach_lengths(b);
	memset(data, ' ', 64);
	memcpy(data + 64, purpose, sizeof purpose);	/* with its NUL */
	memcpy(data + 64 + sizeof purpose, transcript, n);
	switch (signature_check(key, algorithm, data, 64 + sizeof purpose + n, signature.p,
	                        signature.n)) {
	case 1:
		return 0;
	case 0:
		return breach(b, BREACH_KEYLESS, ALERT_DECRYPT);
	}
	return breach_rule(b, ALERT_ILLEGAL, "a kind of signature that was not offered for "
	                   "this certificate");
}
