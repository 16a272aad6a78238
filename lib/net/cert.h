/* What a certificate says
 *
 * Reads names, dates, purposes, limits and the public key out of an X.509 certificate
 * (RFC 5280, DER). It proves nothing: signatures are BearSSL's part, names that of
 * lib/net/names.h, and what all that means for a chain that of trust.c. Nothing is
 * copied, the slices point into the certificate.
 *
 * An extension that cannot be read, or is there twice, is not passed over: who reads
 * past it could be told another story than who does not. It is a flaw.
 */
#ifndef NET_CERT_H
#define NET_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/der.h"

enum cert_signature { CERT_SIG_OTHER, CERT_SIG_GOOD, CERT_SIG_SHA1, CERT_SIG_MD5 };
enum cert_key { CERT_KEY_OTHER, CERT_KEY_RSA, CERT_KEY_EC };

enum cert_flaw {
	CERT_SOUND,
	CERT_BROKEN,		/* what is in it cannot be read */
	CERT_TWICE,		/* an extension is there twice */
	CERT_TOO_OLD,		/* it has extensions, and a version that has none */
	CERT_TWO_SIGNATURES,	/* it names two algorithms for its one signature */
	CERT_DEMANDS,		/* a critical extension that is not known here */
};

/* Extensions that are judged here and that BearSSL does not know. */
enum { CERT_OURS_MAX = 2 };

struct cert {
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
	int path_max;			/* authorities that may be below it; -1: any number */
	bool is_ca;			/* basicConstraints says so */
	bool signs;			/* keyUsage allows to sign certificates, or is absent */
	bool serves;			/* extendedKeyUsage allows a TLS server, or is absent */
	/* Where extendedKeyUsage and nameConstraints say that they are critical, in the
	 * order of the bytes. */
	const unsigned char *ours[CERT_OURS_MAX];
};

/* false: it cannot be read at all, and `c` has nothing but a flaw. */
bool cert_read(const void *data, size_t n, struct cert *c);

/* How a person would call the owner of a Name: its common name, else its unit or
 * organization. */
void cert_name_text(struct der name, char *out, size_t room);

/* Any text in a certificate: only what is printable ASCII comes through. */
void cert_text(struct der s, char *out, size_t room);

#endif
