/* BearSSL reads the chain byte by byte and returns a number. We keep the certificates, for
 * better messages and for more checks, and because servers may send those behind their own in
 * any order (RFC 8446, 4.4.2): BearSSL gets them in order, once all are here.
 *
 * BearSSL checks signatures, dates, that signers are authorities (basicConstraints with its
 * path length, keyUsage), and sizes of keys. We check flaws (lib/net/cert.h), names and their
 * constraints (lib/net/names.h), extendedKeyUsage, and the limits in the anchor's own
 * certificate. */

#include "lib/net/impl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/net/anchors.h"
#include "lib/net/cert.h"
#include "lib/net/names.h"

static struct trust *trust_of(const br_x509_class **ctx)
{
	return (struct trust *)(void *)ctx;
}

/* -- messages that are used more than once -- */

static void who_text(const struct trust *t, size_t i, char *out, size_t room)
{
	char owner[80];

	cert_name_text(t->chain[i].subject, owner, sizeof owner);
	if (i) snprintf(out, room, "the certificate '%s' in the chain of %s", owner, t->host);
	else snprintf(out, room, "the certificate of %s", t->host);
}

static void date_text(int64_t seconds, char out[16])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm)) strcpy(out, "?");
}

static int fail_date(const struct trust *t, const struct cert *c, const char *who,
                     struct err *e)
{
	char when[16], today[16];
	bool early = t->now < c->not_before;

	date_text(early ? c->not_before : c->not_after, when);
	date_text(t->now, today);
	return fail(e, ERR_UNTRUSTED, early ?
	            "%s is not valid before %s; the clock of this machine says %s" :
	            "%s expired on %s; the clock of this machine says %s", who, when, today);
}

static int fail_demands(const char *who, struct err *e)
{
	return fail(e, ERR_UNTRUSTED, "%s requires a check that jlmkr does not support", who);
}

static int fail_path(const struct trust *t, const char *authority, struct err *e)
{
	return fail(e, ERR_UNTRUSTED,
	            "the certificate of %s leads to '%s', which may not certify another "
	            "authority", t->host, authority);
}

/* -- which names an authority may certify -- */

static int fail_names(const struct trust *t, size_t i, enum names_verdict v, const char *which,
                      const char *authority, struct err *e)
{
	char who[400];

	who_text(t, i, who, sizeof who);
	if (v == NAMES_OUTSIDE)
		return fail(e, ERR_UNTRUSTED,
		            "%s has the name '%s', which the authority '%s' may not certify",
		            who, which, authority);
	return fail(e, ERR_UNTRUSTED, "%s has the name '%s'; the authority '%s' is limited in "
	            "such names in a way that jlmkr does not support", who, which, authority);
}

/* Check the names of the first `n` certificates of the chain, those below the authority,
 * except intermediate ones that only move an authority to a new key (RFC 5280, 6.1.4). */
static int check_names(const struct trust *t, size_t n, const struct cert *authority,
                       struct err *e)
{
	char which[256], owner[80];
	enum names_verdict v;
	size_t i;

	if (!authority->constraints.p) return 0;
	cert_name_text(authority->subject, owner, sizeof owner);
	for (i = 0; i < n; i++) {
		const struct cert *c = &t->chain[i];

		if (i && der_same(c->issuer, c->subject)) continue;
		if ((v = names_judge(authority->constraints, c, which, sizeof which)))
			return fail_names(t, i, v, which, owner, e);
	}
	if (!t->ip_len && (v = names_judge_host(authority->constraints, t->host)))
		return fail_names(t, 0, v, t->host, owner, e);
	return 0;
}

/* Whether an anchor may be the end of a chain of `n` certificates. */
static int check_anchor(const struct trust *t, const struct anchor *a, size_t n, struct err *e)
{
	const struct cert *c = &a->cert;
	char owner[80], who[400];

	cert_name_text(c->subject, owner, sizeof owner);
	snprintf(who, sizeof who, "the certificate of %s leads to '%s' in %s, which",
	         t->host, owner, anchors_source(t->anchors));
	if (t->now < c->not_before || t->now > c->not_after) return fail_date(t, c, who, e);
	if (!c->signs) return fail(e, ERR_UNTRUSTED, "%s may not sign certificates", who);
	if (!c->serves) return fail(e, ERR_UNTRUSTED, "%s may not certify servers", who);
	if (c->path_max >= 0 && n - 1 > (size_t)c->path_max) return fail_path(t, owner, e);
	return check_names(t, n, c, e);
}

static bool is_anchor_name(const struct anchors *a, struct der name)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (der_same(name, a->list[i].cert.subject)) return true;
	return false;
}

/* Offer BearSSL only those anchors that may have signed the certificate, or are equal to it. */
static void offer_anchors(struct trust *t, const struct cert *c)
{
	size_t i, n = 0;

	for (i = 0; i < t->anchors->n && n < OFFERED_MAX; i++) {
		const struct anchor *a = &t->anchors->list[i];
		bool ca = a->bear.flags & BR_X509_TA_CA;

		if (!der_same(ca ? c->issuer : c->subject, a->cert.subject)) continue;
		if (ca && check_anchor(t, a, t->n, &t->objection) < 0) continue;
		t->offered[n++] = a->bear;
	}
	t->minimal.trust_anchors = t->offered;
	t->minimal.trust_anchors_num = n;
}

/* -- checks that BearSSL does not do -- */

static int check_flaw(const struct cert *c, const char *who, struct err *e)
{
	switch (c->flaw) {
	case CERT_SOUND:
		return 0;
	case CERT_BROKEN:
		break;
	case CERT_TWICE:
		return fail(e, ERR_UNTRUSTED, "%s has an extension twice", who);
	case CERT_TOO_OLD:
		return fail(e, ERR_UNTRUSTED,
		            "%s has extensions, which its version does not allow", who);
	case CERT_TWO_SIGNATURES:
		return fail(e, ERR_UNTRUSTED, "%s names two signature algorithms", who);
	case CERT_DEMANDS:
		return fail_demands(who, e);
	}
	return fail(e, ERR_UNTRUSTED, "%s cannot be read", who);
}

static int fail_host(const struct trust *t, struct err *e)
{
	char names[256];

	names_list(&t->chain[0], names, sizeof names);
	if (!t->chain[0].alt_names.p)
		return fail(e, ERR_UNTRUSTED, "the certificate of %s names no host: it has no "
		            "subjectAltName", t->host);
	return fail(e, ERR_UNTRUSTED, "the certificate of %s is for another name: %s",
	            t->host, *names ? names : "none");
}

static int check_chain(const struct trust *t, struct err *e)
{
	const struct cert *leaf = &t->chain[0];
	char who[400];
	size_t i;

	for (i = 0; i < t->n; i++) {
		who_text(t, i, who, sizeof who);
		if (check_flaw(&t->chain[i], who, e) < 0) return -1;
		if (!t->chain[i].serves)
			return fail(e, ERR_UNTRUSTED, "%s is not for servers", who);
		if (i && check_names(t, i, &t->chain[i], e) < 0) return -1;
	}
	if (t->ip_len ? names_have_ip(leaf, t->ip, t->ip_len) : names_have_host(leaf, t->host))
		return 0;
	return fail_host(t, e);
}

/* -- the class that BearSSL calls -- */

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct trust *t = trust_of(ctx);

	t->n = t->der_len = t->culprit = 0;
	t->too_long = false;
	t->objection.kind = t->fault.kind = ERR_NONE;
	t->minimal.vtable->start_chain(&t->minimal.vtable, server_name);
}

/* What does not fit is dropped: the chain may do without it. */
static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct trust *t = trust_of(ctx);

	t->begin = t->der_len;
	if (t->n == CHAIN_MAX || length > sizeof t->der - t->der_len) t->too_long = true;
}

static void append_cert(const br_x509_class **ctx, const unsigned char *buf, size_t n)
{
	struct trust *t = trust_of(ctx);

	if (n > sizeof t->der - t->der_len) t->too_long = true;
	if (t->too_long) return;
	memcpy(t->der + t->der_len, buf, n);
	t->der_len += n;
}

static void end_cert(const br_x509_class **ctx)
{
	struct trust *t = trust_of(ctx);

	if (t->too_long) return;
	cert_read(t->der + t->begin, t->der_len - t->begin, &t->chain[t->n++]);
}

/* Of `sent` certificates bring the first that may have signed the last one judged to its place
 * behind that. Returns false if there is none. */
static bool find_next(struct trust *t, size_t sent)
{
	struct cert *next = &t->chain[t->n], *end = &t->chain[sent], *c = next, found;

	if (!t->n) return sent > 0;
	while (c < end && !der_same(next[-1].issuer, c->subject))
		c++;
	if (c == end || !next[-1].issuer.n) return false;
	found = *c;
	memmove(next + 1, next, (size_t)((char *)c - (char *)next));
	*next = found;
	return true;
}

/* BearSSL refuses every critical extension that it does not know, but we check two of them.
 * Tell BearSSL that these are not critical, and put the real byte into the hash, because the
 * signature covers it. */
static void feed_minimal(struct trust *t, const struct cert *c)
{
	const unsigned char *p = c->whole.p, *end = p + c->whole.n;
	const br_x509_class **x = &t->minimal.vtable;
	static const unsigned char not_critical = 0;
	int i;

	t->minimal.vtable->start_cert(x, (uint32_t)(end - p));
	for (i = 0; i < CERT_OURS_MAX && !c->flaw && c->ours[i]; i++) {
		t->minimal.vtable->append(x, p, (size_t)(c->ours[i] - p));
		t->minimal.do_mhash = 0;
		t->minimal.vtable->append(x, &not_critical, 1);
		t->minimal.do_mhash = 1;
		br_multihash_update(&t->minimal.mhash, c->ours[i], 1);
		p = c->ours[i] + 1;
	}
	t->minimal.vtable->append(x, p, (size_t)(end - p));
	t->minimal.vtable->end_cert(x);
}

/* BearSSL stops at the first fault, and when the chain has reached an anchor. Certificates
 * behind that are ignored. */
static unsigned judge_chain(struct trust *t)
{
	size_t sent = t->n;

	for (t->n = 0; !t->minimal.err && find_next(t, sent);) {
		const struct cert *c = &t->chain[t->n++];

		offer_anchors(t, c);
		feed_minimal(t, c);
		if (t->minimal.err && t->minimal.err != BR_ERR_X509_OK) t->culprit = t->n;
	}
	return t->minimal.vtable->end_chain(&t->minimal.vtable);
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct trust *t = trust_of(ctx);
	unsigned code = judge_chain(t);

	if (t->too_long && (code == BR_ERR_X509_NOT_TRUSTED || !t->n))
		fail(&t->fault, ERR_UNTRUSTED,
		     "%s sends too many certificates: more than %d, or more than %d KiB",
		     t->host, CHAIN_MAX, CHAIN_BYTES / 1024);
	if (code) return code;
	return check_chain(t, &t->fault) < 0 ? BR_ERR_X509_NOT_TRUSTED : 0;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct trust *t = (const struct trust *)(const void *)ctx;

	return t->minimal.vtable->get_pkey(&t->minimal.vtable, usages);
}

static const br_x509_class trust_class = {
	sizeof(struct trust), start_chain, start_cert, append_cert, end_cert, end_chain,
		get_pkey,
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
	br_x509_minimal_init(&t->minimal, &br_sha256_vtable, NULL, 0);
	br_x509_minimal_set_rsa(&t->minimal, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(&t->minimal, br_ec_get_default(),
	                          br_ecdsa_vrfy_asn1_get_default());
	for (i = 0; i < 4; i++)
		br_x509_minimal_set_hash(&t->minimal, br_sha224_ID + i, hashes[i]);
	br_x509_minimal_set_minrsa(&t->minimal, RSA_MIN_BYTES);
	br_x509_minimal_set_time(&t->minimal, (uint32_t)(now / 86400 + DAYS_TO_1970),
	                         (uint32_t)(now % 86400));
}

/* The chain ended without reaching a trusted authority. BearSSL has one number for several
 * reasons, which need different repairs. */
static int fail_unknown_issuer(const struct trust *t, const char *who, struct err *e)
{
	const struct cert *last = &t->chain[t->n - 1];
	const char *source = anchors_source(t->anchors);
	char issuer[80];

	if (t->objection.kind) {
		if (e) *e = t->objection;
		return -1;
	}
	cert_name_text(last->issuer, issuer, sizeof issuer);
	if (is_anchor_name(t->anchors, last->issuer))
		return fail(e, ERR_UNTRUSTED,
		            "%s names '%s' as its signer, but was not signed with the key of "
		            "that authority in %s", who, issuer, source);
	if (!der_same(last->issuer, last->subject))
		return fail(e, ERR_UNTRUSTED,
		            "%s was signed by '%s', which is not in %s; the server may lack "
		            "an intermediate certificate", who, issuer, source);
	if (t->n == 1)
		return fail(e, ERR_UNTRUSTED,
		            "%s is signed by itself, not by an authority in %s", who, source);
	return fail(e, ERR_UNTRUSTED, "%s comes from the authority '%s', which is not in %s",
	            who, issuer, source);
}

static int fail_unsupported(const struct cert *c, const char *who, struct err *e)
{
	const char *kind;

	if (c->signature == CERT_SIG_SHA1 || c->signature == CERT_SIG_MD5)
		return fail(e, ERR_UNTRUSTED,
		            "%s is signed with SHA-1 or MD5, which can be forged", who);
	kind = c->key == CERT_KEY_ED25519 ? "an Ed25519 key" :
	       c->key == CERT_KEY_PSS ? "a key for RSA-PSS alone" :
	       c->signature == CERT_SIG_ED25519 ? "an Ed25519 signature" :
	       c->signature == CERT_SIG_PSS ? "an RSA-PSS signature" :
	       "a kind of key or signature";
	return fail(e, ERR_UNTRUSTED, "%s has %s, which jlmkr does not support", who, kind);
}

/* `c`, which is not the leaf, signed another certificate but may not do so. */
static int fail_authority(const struct trust *t, int code, const struct cert *c, struct err *e)
{
	char owner[80];

	cert_name_text(c->subject, owner, sizeof owner);
	if (code == BR_ERR_X509_NOT_CA && c->is_ca) return fail_path(t, owner, e);
	return fail(e, ERR_UNTRUSTED, "the certificate of %s was signed by '%s', which %s",
	            t->host, owner, code == BR_ERR_X509_NOT_CA ? "is not an authority" :
	            "may not sign certificates");
}

static int fail_refused(const struct trust *t, int code, struct err *e)
{
	size_t at = t->culprit ? t->culprit - 1 : 0;
	const struct cert *c = &t->chain[at];
	char who[400];

	who_text(t, at, who, sizeof who);
	if (at && (code == BR_ERR_X509_NOT_CA || code == BR_ERR_X509_FORBIDDEN_KEY_USAGE))
		return fail_authority(t, code, c, e);
	if (c->flaw == CERT_BROKEN) return check_flaw(c, who, e);
	switch (code) {
	case BR_ERR_X509_EXPIRED:
		return fail_date(t, c, who, e);
	case BR_ERR_X509_BAD_SERVER_NAME:
		return c->flaw ? check_flaw(c, who, e) : fail_host(t, e);
	case BR_ERR_X509_NOT_TRUSTED:
	case BR_ERR_X509_WRONG_KEY_TYPE:
		return fail_unknown_issuer(t, who, e);
	case BR_ERR_X509_BAD_SIGNATURE:
		return fail(e, ERR_UNTRUSTED,
		            "the certificate of %s has an invalid signature", t->host);
	case BR_ERR_X509_WEAK_PUBLIC_KEY:
		return fail(e, ERR_UNTRUSTED,
		            "%s has an RSA key of less than 2048 bits, which can be broken",
		            who);
	case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
		return fail(e, ERR_UNTRUSTED, "%s is not for servers", who);
	case BR_ERR_X509_CRITICAL_EXTENSION:
		return fail_demands(who, e);
	case BR_ERR_X509_UNSUPPORTED:
		return fail_unsupported(c, who, e);
	}
	return fail(e, ERR_UNTRUSTED, "%s cannot be read (BearSSL error %d)", who, code);
}

int trust_fail(const struct trust *t, int code, struct err *e)
{
	if (!t->fault.kind && !t->n)
		return fail(e, ERR_UNTRUSTED, "%s sent no certificate", t->host);
	if (!t->fault.kind) return fail_refused(t, code, e);
	if (e) *e = t->fault;
	return -1;
}
