/* The judge of certificates (lib/net/impl.h) is that of TLS 1.2: here it is fed, and the server
 * has to show that it has the key. */

#include "lib/net/tls13/impl.h"

#include <string.h>

static bool is_signed_by(const struct cert *c, const struct cert *by)
{
	return c->issuer.n && der_same(c->issuer, by->subject);
}

/* A server may send the certificates behind its own in any order, and others with them (4.4.2);
 * BearSSL wants a chain. Put behind each the first of the rest that may have signed it, and
 * return how many come so. */
static size_t order_chain(struct octets certs[], size_t n)
{
	struct cert last, next;
	struct octets found;
	size_t at, i;

	cert_read(certs[0].p, certs[0].n, &last);
	for (at = 1; at < n; at++) {
		for (i = at; i < n; i++)
			if (cert_read(certs[i].p, certs[i].n, &next) &&
			    is_signed_by(&last, &next))
				break;
		if (i == n) break;
		found = certs[i];
		memmove(certs + at + 1, certs + at, (i - at) * sizeof *certs);
		certs[at] = found;
		last = next;
	}
	return at;
}

static int fail_lengths(struct breach *b)
{
	return breach_rule(b, ALERT_DECODE, "certificates with wrong lengths");
}

/* Returns how many, 0 after a breach. */
static size_t split_chain(struct octets body, struct octets certs[CERTS_MAX], struct breach *b)
{
	struct octets context = octets_vector(&body, 1), list = octets_vector(&body, 3);
	struct octets extensions;
	size_t n = 0;

	if (!octets_is_done(&body)) return fail_lengths(b), 0;
	if (context.n)
		return breach_rule(b, ALERT_ILLEGAL, "certificates with a context"), 0;
	if (!list.n) return breach_rule(b, ALERT_DECODE, "no certificate"), 0;
	while (list.n) {
		if (n == CERTS_MAX)
			return breach_rule(b, ALERT_BAD_CERTIFICATE,
			                   "too many certificates"), 0;
		certs[n] = octets_vector(&list, 3);
		extensions = octets_vector(&list, 2);
		if (list.bad || !certs[n].n) return fail_lengths(b), 0;
		if (extensions.n)
			return breach_rule(b, ALERT_EXTENSION,
			                   "an extension that was not asked for"), 0;
		n++;
	}
	return n;
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

static unsigned judge(struct trust *t, const struct octets certs[], size_t n)
{
	const br_x509_class **x = &t->vtable;
	size_t i;

	t->vtable->start_chain(x, t->ip_len ? NULL : t->host);
	for (i = 0; i < n; i++) {
		t->vtable->start_cert(x, (uint32_t)certs[i].n);
		t->vtable->append(x, certs[i].p, certs[i].n);
		t->vtable->end_cert(x);
	}
	return t->vtable->end_chain(x);
}

int chain_read(struct octets body, struct trust *t, struct breach *b)
{
	struct octets certs[CERTS_MAX];
	unsigned usages, code;
	size_t n;

	if (!(n = split_chain(body, certs, b))) return -1;
	if ((code = judge(t, certs, order_chain(certs, n)))) {
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

	if (!octets_is_done(&body))
		return breach_rule(b, ALERT_DECODE, "a signature with a wrong length");
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
