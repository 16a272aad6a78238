/* Read an X.509 certificate
 *
 * Reads names, dates, purposes, limits and the public key (RFC 5280, DER). It verifies
 * nothing: BearSSL checks signatures, lib/net/names.h names, and trust.c whole chains.
 * Nothing is copied, the slices point into the certificate.
 *
 * An extension that cannot be read or occurs twice is not skipped but a flaw: two
 * programs could read such a certificate differently.
 */
#ifndef NET_CERT_H
#define NET_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/der.h"

enum cert_signature {
	CERT_SIG_OTHER, CERT_SIG_GOOD, CERT_SIG_SHA1, CERT_SIG_MD5,
	CERT_SIG_PSS, CERT_SIG_ED25519,
};
enum cert_key { CERT_KEY_OTHER, CERT_KEY_RSA, CERT_KEY_EC, CERT_KEY_PSS, CERT_KEY_ED25519 };

enum cert_flaw {
	CERT_SOUND,
	CERT_BROKEN,		/* part of it cannot be read */
	CERT_TWICE,		/* it has an extension twice */
	CERT_TOO_OLD,		/* it has extensions, but its version does not allow them */
	CERT_TWO_SIGNATURES,	/* it names two algorithms for its one signature */
	CERT_DEMANDS,		/* it has an unknown critical extension */
};

/* Extensions that we check and that BearSSL does not know. */
enum { CERT_OURS_MAX = 2 };

struct cert {
	struct der whole;		/* all of it */
	struct der issuer, subject;	/* whole Name elements, tag and all */
	int64_t not_before, not_after;	/* seconds since 1970 */
	struct der alt_names;		/* contents of subjectAltName */
	struct der constraints;		/* contents of nameConstraints */
	enum cert_flaw flaw;
	enum cert_signature signature;
	enum cert_key key;
	int curve;			/* TLS number of the curve, for CERT_KEY_EC */
	struct der point;		/* the public point, for CERT_KEY_EC */
	struct der modulus, exponent;	/* for CERT_KEY_RSA */
	int version;			/* 1 to 3 */
	bool bare;			/* it has no extensions at all */
	int path_max;			/* how many authorities may be below it; -1: any */
	bool is_ca;			/* basicConstraints says so */
	bool signs;			/* keyUsage allows to sign certificates, or is absent */
	bool serves;			/* extendedKeyUsage allows a TLS server, or is absent */
	/* The bytes that mark extendedKeyUsage and nameConstraints as critical, in the order of
	 * their addresses. */
	const unsigned char *ours[CERT_OURS_MAX];
};

/* Returns false if it cannot be read at all; then `c` has only its flaw, and its bytes. */
bool cert_read(const void *data, size_t n, struct cert *c);

/* A short text for a Name: its common name, else its unit or organization. */
void cert_name_text(struct der name, char *out, size_t room);

/* Any text in a certificate; characters that are not printable ASCII become '?'. */
void cert_text(struct der s, char *out, size_t room);

#endif
