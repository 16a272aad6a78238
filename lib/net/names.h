/* Which hosts a certificate is valid for, and which names an authority may certify
 *
 * A certificate is valid for the names in its subjectAltName only (RFC 9525), not for
 * the common name of its owner. '*' stands for the whole first label and nothing else,
 * with at least two labels behind it: "*.example.org" covers a.example.org, but not
 * example.org or a.b.example.org, and "*.org" covers nothing.
 *
 * nameConstraints limit the names that an authority may certify (RFC 5280, 4.2.1.10).
 * DNS names, IP addresses and the names of owners are compared. If a name of another
 * kind is limited, or a comparison is uncertain, the result is NAMES_UNKNOWN, which
 * callers must treat as a refusal.
 */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/net/der.h"

struct cert;

/* `host` is in lower case, without a final dot, and not an address. */
bool names_have_host(const struct cert *c, const char *host);

/* An address of 4 or 16 bytes. */
bool names_have_ip(const struct cert *c, const unsigned char *ip, size_t n);

/* Write the names and addresses that it is valid for, "a, b and 3 more"; "" if none. */
void names_list(const struct cert *c, char *out, size_t room);

enum names_verdict { NAMES_WITHIN, NAMES_OUTSIDE, NAMES_UNKNOWN };

/* Whether an authority with these nameConstraints (`constraints` of its struct cert) may
 * certify all names of `c`. `which` gets the name that it may not certify. */
enum names_verdict names_judge(struct der constraints, const struct cert *c, char *which,
                               size_t room);

/* The same for one host: an authority may be barred from some of the hosts that a wildcard in
 * a certificate covers. */
enum names_verdict names_judge_host(struct der constraints, const char *host);

#endif
