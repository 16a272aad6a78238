/* BearSSL reads the chain byte by byte and ends with a number. A copy of each
 * certificate is kept while it comes in, so that there is more to say than that. */

#include "lib/net/impl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/net/anchors.h"
#include "lib/net/cert.h"

static struct trust *trust_of(const br_x509_class **ctx)
{
	return (struct trust *)(void *)ctx;
}

static bool is_anchor_name(const struct anchors *a, struct der name)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (der_same(name, (struct der){ a->list[i].dn.data, a->list[i].dn.len }))
			return true;
	return false;
}

static void describe(const struct trust *t, struct chain_cert *d)
{
	struct cert c;

	*d = (struct chain_cert){ 0 };
	d->read = t->der_len < sizeof t->der && cert_read(t->der, t->der_len, &c);
	if (!d->read) return;
	d->not_before = c.not_before;
	d->not_after = c.not_after;
	d->self_issued = der_same(c.issuer, c.subject);
	d->issuer_known = is_anchor_name(t->anchors, c.issuer);
	d->sha1 = c.signature == CERT_SIG_SHA1 || c.signature == CERT_SIG_MD5;
	d->serves = c.serves;
	d->is_ca = c.is_ca;
	d->has_host = t->ip_len && cert_has_ip(&c, t->ip, t->ip_len);
	cert_name_text(c.subject, d->subject, sizeof d->subject);
	cert_name_text(c.issuer, d->issuer, sizeof d->issuer);
	cert_list_names(&c, d->names, sizeof d->names);
}

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct trust *t = trust_of(ctx);

	t->certs = t->culprit_at = 0;
	t->minimal.vtable->start_chain(&t->minimal.vtable, server_name);
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct trust *t = trust_of(ctx);

	t->der_len = 0;
	t->minimal.vtable->start_cert(&t->minimal.vtable, length);
}

static void append(const br_x509_class **ctx, const unsigned char *buf, size_t n)
{
	struct trust *t = trust_of(ctx);
	size_t room = sizeof t->der - t->der_len, k = n < room ? n : room;

	memcpy(t->der + t->der_len, buf, k);
	t->der_len += k;
	t->minimal.vtable->append(&t->minimal.vtable, buf, n);
}

/* BearSSL stops at the first fault and, with another number, when the chain has
 * reached an anchor; whatever the server sends behind that is of no interest. */
static void end_cert(const br_x509_class **ctx)
{
	struct trust *t = trust_of(ctx);
	bool trusted = t->certs && t->minimal.err == BR_ERR_X509_OK;

	t->minimal.vtable->end_cert(&t->minimal.vtable);
	t->certs++;
	if (trusted || t->culprit_at) return;
	describe(t, &t->last);
	if (t->certs == 1) t->leaf = t->last;
	if (t->minimal.err && t->minimal.err != BR_ERR_X509_OK) {
		t->culprit = t->last;
		t->culprit_at = t->certs;
	}
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct trust *t = trust_of(ctx);
	unsigned code = t->minimal.vtable->end_chain(&t->minimal.vtable);

	if (code) return code;
	if (t->ip_len && !t->leaf.has_host) return BR_ERR_X509_BAD_SERVER_NAME;
	if (!t->leaf.read) return BR_ERR_X509_LIMIT_EXCEEDED;
	return t->leaf.serves ? 0 : BR_ERR_X509_FORBIDDEN_KEY_USAGE;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct trust *t = (const struct trust *)(const void *)ctx;

	return t->minimal.vtable->get_pkey(&t->minimal.vtable, usages);
}

static const br_x509_class trust_class = {
	sizeof(struct trust), start_chain, start_cert, append, end_cert, end_chain, get_pkey,
};

enum { DAYS_TO_1970 = 719528 };

void trust_init(struct trust *t, const struct anchors *a, const char *host, int64_t now)
{
	static const br_hash_class *const hashes[] = {
		&br_sha224_vtable, &br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable,
	};
	int i;

	*t = (struct trust){ .vtable = &trust_class, .anchors = a, .host = host, .now = now };
	if (inet_pton(AF_INET, host, t->ip) == 1) t->ip_len = 4;
	else if (inet_pton(AF_INET6, host, t->ip) == 1) t->ip_len = 16;
	br_x509_minimal_init(&t->minimal, &br_sha256_vtable, a->list, a->n);
	br_x509_minimal_set_rsa(&t->minimal, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(&t->minimal, br_ec_get_default(),
	                          br_ecdsa_vrfy_asn1_get_default());
	for (i = 0; i < 4; i++)
		br_x509_minimal_set_hash(&t->minimal, br_sha224_ID + i, hashes[i]);
	br_x509_minimal_set_minrsa(&t->minimal, RSA_MIN_BYTES);
	br_x509_minimal_set_time(&t->minimal, (uint32_t)(now / 86400 + DAYS_TO_1970),
	                         (uint32_t)(now % 86400));
}

static void date_text(int64_t seconds, char out[16])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm)) strcpy(out, "?");
}

static int fail_date(const struct trust *t, const char *who, struct err *e)
{
	const struct chain_cert *c = &t->culprit;
	char when[16], today[16];
	bool early = t->now < c->not_before;

	date_text(early ? c->not_before : c->not_after, when);
	date_text(t->now, today);
	return fail(e, ERR_UNTRUSTED, early ?
	            "%s is not valid before %s; the clock of this machine says %s" :
	            "%s expired on %s; the clock of this machine says %s", who, when, today);
}

/* The chain ended without reaching an authority of ours: three reasons look alike
 * to BearSSL and different to whoever has to mend it. */
static int fail_unknown_issuer(const struct trust *t, const char *who, struct err *e)
{
	const char *source = anchors_source(t->anchors);

	if (t->last.issuer_known)
		return fail(e, ERR_UNTRUSTED,
		            "%s says that it was signed by '%s', but not with the "
		            "key which that authority has in %s",
		            who, t->last.issuer, source);
	if (t->last.self_issued && t->certs == 1)
		return fail(e, ERR_UNTRUSTED,
		            "%s is signed by itself, not by an authority in %s", who, source);
	if (t->last.self_issued)
		return fail(e, ERR_UNTRUSTED,
		            "%s comes from the authority '%s', which is not in %s", who,
		            t->last.subject, source);
	return fail(e, ERR_UNTRUSTED, "%s was signed by '%s', which is not in %s; perhaps the "
	            "server does not send the intermediate certificate", who, t->last.issuer,
	            source);
}

static int fail_unsupported(const struct trust *t, const char *who, struct err *e)
{
	if (t->culprit.sha1)
		return fail(e, ERR_UNTRUSTED,
		            "%s is signed with SHA-1 or MD5, which can be forged", who);
	return fail(e, ERR_UNTRUSTED,
	            "%s has a kind of key or signature that jlmkr does not know", who);
}

int trust_fail(const struct trust *t, int code, struct err *e)
{
	char who[400];

	if (t->culprit_at > 1)
		snprintf(who, sizeof who, "the certificate '%s' that %s sends along",
		         t->culprit.subject, t->host);
	else
		snprintf(who, sizeof who, "the certificate of %s", t->host);

	if (code == BR_ERR_X509_NOT_CA && t->culprit.is_ca)
		return fail(e, ERR_UNTRUSTED,
		            "the certificate of %s goes back to '%s', which may "
		            "not make others an authority",
		            t->host, t->culprit.subject);
	switch (code) {
	case BR_ERR_X509_EXPIRED:
		return fail_date(t, who, e);
	case BR_ERR_X509_BAD_SERVER_NAME:
		return fail(e, ERR_UNTRUSTED, "%s is made out to another name: %s", who,
		            t->leaf.names[0] ? t->leaf.names : "none");
	case BR_ERR_X509_NOT_TRUSTED:
	case BR_ERR_X509_WRONG_KEY_TYPE:
		return fail_unknown_issuer(t, who, e);
	case BR_ERR_X509_BAD_SIGNATURE:
		return fail(e, ERR_UNTRUSTED,
		            "the certificate of %s has a signature that is not "
		            "its issuer's",
		            t->host);
	case BR_ERR_X509_DN_MISMATCH:
		return fail(e, ERR_UNTRUSTED,
		            "%s sends certificates that do not belong together; "
		            "'%s' did not sign the one before it",
		            t->host, t->culprit.subject);
	case BR_ERR_X509_WEAK_PUBLIC_KEY:
		return fail(e, ERR_UNTRUSTED,
		            "%s has an RSA key of less than 2048 bits, which can "
		            "be broken",
		            who);
	case BR_ERR_X509_NOT_CA:
		return fail(e, ERR_UNTRUSTED,
		            "the certificate of %s was signed by '%s', which is "
		            "not an authority",
		            t->host, t->culprit.subject);
	case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
		return fail(e, ERR_UNTRUSTED, "%s is not meant for servers", who);
	case BR_ERR_X509_CRITICAL_EXTENSION:
		return fail(e, ERR_UNTRUSTED, "%s demands a check that jlmkr does not know",
		            who);
	case BR_ERR_X509_UNSUPPORTED:
		return fail_unsupported(t, who, e);
	case BR_ERR_X509_EMPTY_CHAIN:
		return fail(e, ERR_UNTRUSTED, "%s sent no certificate", t->host);
	}
	return fail(e, ERR_UNTRUSTED, "%s cannot be read (BearSSL %d)", who, code);
}
