/* Types and functions that only the files of lib/net share
 *
 * Only lib/net includes BearSSL's header, which is in the build's own include folder.
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

/* A trusted authority, and its own certificate, whose limits apply. */
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

/* Verifies a server's certificates: BearSSL's "minimal" engine must accept them, and then our
 * own checks. So our code cannot accept a chain that BearSSL refuses, except for two kinds of
 * critical extensions (feed_minimal in trust.c). */
struct trust {
	const br_x509_class *vtable;	/* must be first: BearSSL's way of inheritance */
	br_x509_minimal_context minimal;
	const struct anchors *anchors;
	const char *host;
	unsigned char ip[16];
	size_t ip_len;			/* 0: the host is a name */
	int64_t now;			/* seconds since 1970 */

	/* The certificates, as they come; once they are judged those up to the anchor or to the
	 * first fault, in order. */
	struct cert chain[CHAIN_MAX];
	size_t n;
	unsigned char der[CHAIN_BYTES];
	size_t der_len, begin;		/* the current certificate starts at `begin` */
	bool too_long;			/* more came, which are not there */
	size_t culprit;			/* the one BearSSL refused; 1: the leaf; 0: none */

	br_x509_trust_anchor offered[OFFERED_MAX];
	struct err objection;		/* why an authority of the right name was not offered */
	struct err fault;		/* what our own checks found */
};

void trust_init(struct trust *t, const struct anchors *a, const char *host, int64_t now);

/* Write the message for a chain that BearSSL refused with `code`. Returns -1. */
int trust_fail(const struct trust *t, int code, struct err *e);

#endif
