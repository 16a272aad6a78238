/* What a certificate says, for people and for what BearSSL does not look at
 *
 * Reads names, dates, purposes and the public key out of an X.509 certificate
 * (RFC 5280, DER). It proves nothing: signatures and chains are BearSSL's part.
 * Every length is checked; what cannot be read is absent. Nothing is copied, the
 * slices point into the certificate.
 */
#ifndef NET_CERT_H
#define NET_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct der {
	const unsigned char *p;
	size_t n;
};

enum cert_signature { CERT_SIG_OTHER, CERT_SIG_GOOD, CERT_SIG_SHA1, CERT_SIG_MD5 };
enum cert_key { CERT_KEY_OTHER, CERT_KEY_RSA, CERT_KEY_EC };

struct cert {
	struct der issuer, subject;	/* whole Name elements, tag and all */
	int64_t not_before, not_after;	/* seconds since 1970 */
	struct der alt_names;		/* contents of subjectAltName */
	enum cert_signature signature;
	enum cert_key key;
	int curve;			/* TLS number of the curve, for CERT_KEY_EC */
	struct der point;		/* the public point, for CERT_KEY_EC */
	struct der modulus, exponent;	/* for CERT_KEY_RSA */
	bool is_ca;			/* basicConstraints says so */
	bool v1;			/* a version without extensions */
	bool serves;			/* extendedKeyUsage allows a TLS server, or is absent */
};

bool cert_read(const void *data, size_t n, struct cert *c);

/* How many bytes the element at the front takes, header and all; 0: there is none. */
size_t der_size(const void *data, size_t n);

bool der_same(struct der a, struct der b);

/* Whether subjectAltName has this address of 4 or 16 bytes. */
bool cert_has_ip(const struct cert *c, const unsigned char *ip, size_t n);

/* The names and addresses it is for, "a, b and 3 more"; at least the common name,
 * "" when there is none. Always terminated. */
void cert_list_names(const struct cert *c, char *out, size_t room);

/* How a person would call the owner of a Name: its common name, else its unit or
 * organization. */
void cert_name_text(struct der name, char *out, size_t room);

#endif
