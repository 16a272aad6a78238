/* What the files of lib/net share with each other
 *
 * Only lib/net sees BearSSL; its header lies in the build's own include folder.
 */
#ifndef NET_IMPL_H
#define NET_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bearssl.h>

struct err;

enum { RSA_MIN_BYTES = 256 };

struct anchors {
	br_x509_trust_anchor *list;
	size_t n, room;
	size_t skipped;
	const char *source;
};

/* What one certificate of a server's chain says, kept for a sentence about it. */
struct chain_cert {
	int64_t not_before, not_after;
	char subject[80], issuer[80], names[256];
	bool read, self_issued, issuer_known, sha1, serves, is_ca,
	     has_host;
};

/* The judge of a server's certificates: BearSSL's "minimal" engine, and around it
 * what that does not do: IP addresses, extended key usage, knowing which of the
 * certificates was at fault and why. */
struct trust {
	const br_x509_class *vtable;	/* first, BearSSL's way of inheriting */
	br_x509_minimal_context minimal;
	const struct anchors *anchors;
	const char *host;
	unsigned char ip[16];
	size_t ip_len;			/* 0: the host is a name */
	int64_t now;			/* seconds since 1970 */

	unsigned char der[8192];	/* the certificate that is coming in */
	size_t der_len;
	size_t certs;
	struct chain_cert leaf, last, culprit;
	size_t culprit_at;		/* 1: the leaf; 0: none */
};

void trust_init(struct trust *t, const struct anchors *a, const char *host, int64_t now);

/* A sentence about a certificate that BearSSL refused with `code`. Returns -1. */
int trust_fail(const struct trust *t, int code, struct err *e);

#endif
