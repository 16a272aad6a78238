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

#include "lib/base/err.h"
#include "lib/net/cert.h"

enum { RSA_MIN_BYTES = 256 };

/* An authority that is believed, and what its own certificate says about how far. */
struct anchor {
	br_x509_trust_anchor bear;
	struct cert cert;
};

struct anchors {
	struct anchor *list;
	size_t n, room;
	size_t skipped;
	const char *source;
};

enum { CHAIN_MAX = 10, CHAIN_BYTES = 32 * 1024, OFFERED_MAX = 16 };

/* The judge of a server's certificates: BearSSL's "minimal" engine has to accept them,
 * and what that does not look at is judged here. So nothing here can make a chain good
 * that BearSSL refuses, but for two kinds of critical extensions (feed in trust.c). */
struct trust {
	const br_x509_class *vtable;	/* first, BearSSL's way of inheriting */
	br_x509_minimal_context minimal;
	const struct anchors *anchors;
	const char *host;
	unsigned char ip[16];
	size_t ip_len;			/* 0: the host is a name */
	int64_t now;			/* seconds since 1970 */

	/* The certificates up to the anchor or to the first fault. */
	struct cert chain[CHAIN_MAX];
	size_t n;
	unsigned char der[CHAIN_BYTES];
	size_t der_len, begin;		/* the one that is coming in lies at `begin` */
	bool too_long;
	size_t culprit;			/* whom BearSSL refused; 1: the leaf; 0: nobody */

	br_x509_trust_anchor offered[OFFERED_MAX];
	struct err objection;		/* why an authority of the right name was not offered */
	struct err fault;		/* what we found ourselves */
};

void trust_init(struct trust *t, const struct anchors *a, const char *host, int64_t now);

/* A sentence about a chain that was refused with `code`. Returns -1. */
int trust_fail(const struct trust *t, int code, struct err *e);

#endif
