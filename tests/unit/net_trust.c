/* Chains as servers send them, judged on a fixed day without any server. How they
 * were made: tests/data/net/make-chains. */

#include <fcntl.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/net/anchors.h"
#include "lib/net/impl.h"
#include "lib/text/packed.h"
#include "tests/unit/test.h"

enum { DAY = 1780315200 };	/* 2026-06-01 12:00 UTC */

static int64_t now = DAY;

#define BEGIN_CERT "-----BEGIN CERTIFICATE-----\n"

static void collect(void *arg, const void *data, size_t n)
{
	str_addn(arg, data, n);
}

/* The next certificate of a PEM file, by BearSSL's own reader: ours is on trial. */
static const char *next_der(const char *pem, struct str *der)
{
	br_pem_decoder_context dc;
	const char *end;
	size_t n;

	if (!(pem = strstr(pem, BEGIN_CERT))) return NULL;
	end = strstr(pem + 1, BEGIN_CERT);
	n = end ? (size_t)(end - pem) : strlen(pem);
	br_pem_decoder_init(&dc);
	br_pem_decoder_setdest(&dc, collect, der);
	end = pem + n;
	while (n) {
		size_t k = br_pem_decoder_push(&dc, pem, n);

		pem += k;
		n -= k;
		if (br_pem_decoder_event(&dc) == BR_PEM_END_OBJ) break;
	}
	return end;
}

static void feed(struct trust *t, const char *host, const char *pem, size_t step)
{
	AUTOFREE struct arena m = { 0 };

	t->vtable->start_chain(&t->vtable, t->ip_len ? NULL : host);
	for (;;) {
		struct str der = { .m = &m };
		size_t i;

		if (!(pem = next_der(pem, &der))) break;
		t->vtable->start_cert(&t->vtable, (uint32_t)der.len);
		for (i = 0; i < der.len; i += step)
			t->vtable->append(&t->vtable, (unsigned char *)der.s + i,
			                  der.len - i < step ? der.len - i : step);
		t->vtable->end_cert(&t->vtable);
	}
}

static char *read_data(struct arena *m, const char *name, size_t *n)
{
	struct err e = { 0 };
	char *pem = read_file(m, AT_FDCWD, arena_printf(m, "tests/data/net/%s.pem", name),
	                      1 << 20, n, &e);

	CHECK_STR(e.text, "");
	CHECK(pem);
	return pem;
}

/* The sentence, "" for an accepted chain. */
static void judge_pem(const char *pem, const char *host, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct trust t;
	size_t n, step;
	char *bundle = read_data(&m, "ca", &n);
	struct anchors *a = anchors_parse(&m, bundle, n, "the bundle");
	unsigned code;

	for (step = 1; step < 9999; step *= 13) {
		memset(&e, 0, sizeof e);
		trust_init(&t, a, host, now);
		feed(&t, host, pem, step);
		code = t.vtable->end_chain(&t.vtable);
		if (code) CHECK(trust_fail(&t, (int)code, &e) == -1);
		CHECK_STR(e.text, want);
		CHECK_INT(e.kind, code ? ERR_UNTRUSTED : ERR_NONE);
		if (!code) CHECK(t.vtable->get_pkey(&t.vtable, NULL));
	}
}

static void judge(const char *chain, const char *host, const char *want)
{
	AUTOFREE struct arena m = { 0 };

	judge_pem(read_data(&m, chain, NULL), host, want);
}

TEST(the_bundle)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct anchors *a = anchors_load(&m, "tests/data/net/ca.pem", &e);

	CHECK_STR(e.text, "");
	CHECK_INT(anchors_count(a), 6);
	CHECK_INT(anchors_skipped(a), 3);
	CHECK_STR(anchors_source(a), "tests/data/net/ca.pem");
	CHECK(!anchors_load(&m, "tests/data/net/make-chains", &e));
	CHECK_STR(e.text, "tests/data/net/make-chains has no readable certificate");
	CHECK(!anchors_load(&m, "tests/data/net/nosuch.pem", &e));
}

TEST(a_bundle_in_der)
{
	AUTOFREE struct arena m = { 0 };
	struct str der = { .m = &m };
	struct err e = { 0 };
	const char *pem =
		read_file(&m, AT_FDCWD, "tests/data/net/good-p384.pem", 1 << 20, NULL, &e);
	struct anchors *a;

	CHECK_STR(e.text, "");
	while ((pem = next_der(pem, &der)))
		;
	a = anchors_parse(&m, der.s, der.len, "");
	CHECK_INT(anchors_count(a), 2);
	CHECK_INT(anchors_skipped(a), 0);
	a = anchors_parse(&m, der.s, der.len - 1, "");
	CHECK_INT(anchors_count(a), 1);
	CHECK_INT(anchors_skipped(a), 1);
}

TEST(the_built_in_bundle)
{
	AUTOFREE struct arena m = { 0 };
	extern const char builtin_ca[], builtin_ca_end[];
	size_t n;
	const char *der = packed_read(&m, builtin_ca, builtin_ca_end, &n);
	struct anchors *a = anchors_parse(&m, der, n, "");

	CHECK(anchors_count(a) > 100);
	CHECK_INT(anchors_skipped(a), 0);
}

TEST(accepted)
{
	judge("good-p256", "host.example", "");
	judge("good-p384", "host.example", "");
	judge("good-p521", "HOST.example", "");
	judge("good-rsa", "host.example", "");
	judge("good-rsa4096", "host.example", "");
	judge("good-wildcard", "a.host.example", "");
	judge("good-address", "192.0.2.7", "");
	judge("good-address", "2001:db8::7", "");
	judge("good-purpose", "host.example", "");
	judge("good-purpose-critical", "host.example", "");
	judge("good-limited", "host.example", "");
	judge("excluded-wildcard", "b.wild.example", "");
}

TEST(names)
{
	judge("other-name", "host.example", "the certificate of host.example is for another "
	      "name: a.example, b.example, 192.0.2.1, c.example, d.example and 1 more");
	judge("good-wildcard", "a.b.host.example",
	      "the certificate of a.b.host.example is for another name: other.example, "
	      "*.host.example");
	judge("good-wildcard", "host.example", "the certificate of host.example is for another "
	      "name: other.example, *.host.example");
	judge("wide-wildcard", "host.example",
	      "the certificate of host.example is for another name: *.example");
	judge("no-names", "host.example",
	      "the certificate of host.example names no host: it has no subjectAltName");
	judge("no-names", "192.0.2.7",
	      "the certificate of 192.0.2.7 names no host: it has no subjectAltName");
	judge("good-address", "192.0.2.8",
	      "the certificate of 192.0.2.8 is for another name: 192.0.2.7, 2001:db8::7");
	judge("good-p256", "192.0.2.7",
	      "the certificate of 192.0.2.7 is for another name: host.example");
}

TEST(dates)
{
	judge("expired", "host.example",
	      "the certificate of host.example expired on 2026-05-31; "
	      "the clock of this machine says 2026-06-01");
	judge("future", "host.example", "the certificate of host.example is not valid before "
	      "2026-06-02; the clock of this machine says 2026-06-01");
	judge("old-root", "host.example", "the certificate of host.example leads to 'Old Root' "
	      "in the bundle, which expired on 2026-05-31; the clock of this machine says "
	      "2026-06-01");
	judge("old-middle", "host.example",
	      "the certificate 'Old Middle' in the chain of host.example expired on "
	      "2026-05-01; "
	      "the clock of this machine says 2026-06-01");
}

TEST(authorities)
{
	judge("self-signed", "host.example",
	      "the certificate of host.example is signed by itself, "
	      "not by an authority in the bundle");
	judge("unknown-authority", "host.example",
	      "the certificate of host.example was signed by 'Other', which is not in the "
	      "bundle; the server may lack an intermediate certificate");
	judge("unknown-authority-sent", "host.example",
	      "the certificate of host.example comes from "
	      "the authority 'Other', which is not in the bundle");
	judge("same-name-authority", "host.example",
	      "the certificate of host.example names 'Root' as its "
	      "signer, but was not signed with the key of that authority in the bundle");
	judge("missing-middle", "host.example", "the certificate of host.example was signed by "
	      "'Middle', which is not in the bundle; the server may lack an intermediate "
	      "certificate");
	judge("leaf-as-authority", "host.example",
	      "the certificate of host.example was signed by "
	      "'Leaf', which is not an authority");
	judge("too-deep", "host.example",
	      "the certificate of host.example leads to 'Middle', which may not certify "
	      "another "
	      "authority");
	judge("wrong-purpose", "host.example",
	      "the certificate of host.example is not for servers");
}

TEST(purposes_of_authorities)
{
	judge("wrong-purpose-above", "host.example", "the certificate 'Client Middle' in the "
	      "chain of host.example is not for servers");
	judge("client-root", "host.example", "the certificate of host.example leads to 'Client "
	      "Root' in the bundle, which may not certify servers");
}

TEST(limits_of_authorities)
{
	judge("outside", "host.example", "the certificate of host.example has the name "
	      "'host.example', which the authority 'Elsewhere' may not certify");
	judge("excluded", "host.example", "the certificate of host.example has the name "
	      "'host.example', which the authority 'Kept Out' may not certify");
	judge("excluded-wildcard", "a.wild.example",
	      "the certificate of a.wild.example has the name 'a.wild.example', which the "
	      "authority 'Kept Out' may not certify");
	judge("limited-root", "host.example", "the certificate of host.example has the name "
	      "'host.example', which the authority 'Limited Root' may not certify");
	judge("short-root", "host.example", "the certificate of host.example leads to 'Short "
	      "Root', which may not certify another authority");
}

TEST(more_than_can_be_read)
{
	judge("endless", "host.example", "host.example sends too many certificates: more than "
	      "10, or more than 32 KiB");
	judge("twice", "host.example",
	      "the certificate of host.example has an extension twice");
}

/* The Nth certificate of a file, the first being 0. */
static const char *nth(struct arena *m, const char *name, int n)
{
	const char *pem = read_data(m, name, NULL), *end;

	while (n--)
		pem = strstr(pem + 1, BEGIN_CERT);
	end = strstr(pem + 1, BEGIN_CERT);
	return end ? arena_strndup(m, pem, (size_t)(end - pem)) : pem;
}

static const char *times(struct arena *m, const char *pem, int n)
{
	const char *all = "";

	while (n--)
		all = arena_printf(m, "%s%s", all, pem);
	return all;
}

/* A server's own is the first, and the rest may be in any order, with others between. */
TEST(chains_in_any_order)
{
	static const char orders[6][4] = { "012", "021", "102", "120", "201", "210" };
	AUTOFREE struct arena m = { 0 };
	const char *leaf = nth(&m, "good-rsa", 0), *rest[] = {
		nth(&m, "good-rsa", 1), nth(&m, "good-rsa", 2), nth(&m, "self-signed", 0),
	};
	int i;

	judge("wrong-order", "host.example", "");
	for (i = 0; i < 6; i++)
		judge_pem(arena_printf(&m, "%s%s%s%s", leaf, rest[orders[i][0] - '0'],
		                       rest[orders[i][1] - '0'], rest[orders[i][2] - '0']),
		          "host.example", "");
	judge_pem(arena_printf(&m, "%s%s%s", rest[0], leaf, rest[1]), "host.example",
	          "the certificate of host.example names no host: it has no subjectAltName");
	judge_pem(arena_printf(&m, "%s%s%s", leaf, rest[1], rest[2]), "host.example",
	          "the certificate of host.example was signed by 'RSA Middle', which is not in "
	          "the bundle; the server may lack an intermediate certificate");
}

/* Ten are looked at. What is not among them may be what was missing, and may be not. */
TEST(many_certificates)
{
	AUTOFREE struct arena m = { 0 };
	const char *leaf = nth(&m, "wrong-order", 0), *middle = nth(&m, "wrong-order", 2);
	const char *stranger = nth(&m, "self-signed", 0);

	judge_pem(arena_printf(&m, "%s%s%s", leaf, times(&m, stranger, 8), middle),
	          "host.example", "");
	judge_pem(arena_printf(&m, "%s%s%s", leaf, middle, times(&m, stranger, 40)),
	          "host.example", "");
	judge_pem(arena_printf(&m, "%s%s%s", leaf, times(&m, stranger, 9), middle),
	          "host.example", "host.example sends too many certificates: more than 10, or "
	          "more than 32 KiB");
	judge_pem(arena_printf(&m, "%s%s", nth(&m, "expired", 0), times(&m, stranger, 40)),
	          "host.example", "the certificate of host.example expired on 2026-05-31; "
	          "the clock of this machine says 2026-06-01");
}

/* RFC 5280, 4.1.2.5: from the first second to the last, both included. */
TEST(seconds)
{
	enum { BEGIN = 1735689600, END = 2051222400 };

	now = BEGIN - 1;
	judge("good-p256", "host.example",
	      "the certificate of host.example is not valid before "
	      "2025-01-01; the clock of this machine says 2024-12-31");
	now = BEGIN;
	judge("good-p256", "host.example", "");
	now = END;
	judge("good-p256", "host.example", "");
	now = END + 1;
	judge("good-p256", "host.example", "the certificate of host.example expired on "
	      "2035-01-01; the clock of this machine says 2035-01-01");
	now = DAY;
}

TEST(weak_ones)
{
	judge("weak-key", "host.example",
	      "the certificate of host.example has an RSA key of less "
	      "than 2048 bits, which can be broken");
	judge("weak-middle", "host.example",
	      "the certificate 'Weak Middle' in the chain of host.example has an RSA key of "
	      "less than 2048 bits, which can be broken");
	judge("weak-root", "host.example", "the certificate of host.example was signed by "
	                                   "'Weak "
	      "Root', which is not in the bundle; the server may lack an intermediate "
	      "certificate");
	judge("sha1", "host.example",
	      "the certificate of host.example is signed with SHA-1 or MD5, "
	      "which can be forged");
	judge("sha1-middle", "host.example",
	      "the certificate 'Forged Middle' in the chain of host.example is signed with "
	      "SHA-1 or MD5, which can be forged");
}

TEST(kinds_that_nobody_here_can_verify)
{
	now = 1893456000;		/* 2030-01-01 */
	judge("ed25519", "host.example", "the certificate of host.example has an Ed25519 "
	      "signature, which jlmkr does not support");
	judge("ed25519-key", "host.example", "the certificate of host.example has an Ed25519 "
	      "key, which jlmkr does not support");
	judge("pss", "host.example", "the certificate of host.example has an RSA-PSS "
	      "signature, which jlmkr does not support");
	judge("pss-key", "host.example", "the certificate of host.example has a key for "
	      "RSA-PSS alone, which jlmkr does not support");
	now = DAY;
}

TEST(nothing_at_all)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct trust t;

	trust_init(&t, anchors_parse(&m, "", 0, "the bundle"), "host.example", DAY);
	feed(&t, "host.example", "", 1);
	CHECK(trust_fail(&t, (int)t.vtable->end_chain(&t.vtable), &e) == -1);
	CHECK_STR(e.text, "host.example sent no certificate");
}
