/* Which hosts a certificate is for, and for which an authority may vouch
 *
 * A host counts only when subjectAltName has it (RFC 9525): the common name of the
 * owner is a text for people. '*' stands for the whole first label and nothing else,
 * with at least two labels behind it: "*.example.org" is for a.example.org, not for
 * example.org or a.b.example.org, and "*.org" is for nobody.
 *
 * An authority may be limited to some names, or kept from some, by nameConstraints
 * (RFC 5280, 4.2.1.10). DNS names, IP addresses and the names of owners are judged;
 * a name of another kind that is limited in any way, and whatever cannot be compared
 * for sure, is NAMES_UNKNOWN, which must be taken for a no.
 */
#ifndef NET_NAMES_H
#define NET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/net/der.h"

struct cert;

/* `host` in lower case, no final dot; an address does not count here. */
bool names_have_host(const struct cert *c, const char *host);

/* An address of 4 or 16 bytes. */
bool names_have_ip(const struct cert *c, const unsigned char *ip, size_t n);

/* The names and addresses it is for, "a, b and 3 more"; "" when there are none. Always
 * terminated. */
void names_list(const struct cert *c, char *out, size_t room);

enum names_verdict { NAMES_WITHIN, NAMES_OUTSIDE, NAMES_UNKNOWN };

/* Whether an authority with these nameConstraints, as `constraints` of struct cert, may
 * vouch for all names of `c`. `which` gets the name that it may not vouch for. */
enum names_verdict names_judge(struct der constraints, const struct cert *c, char *which,
                               size_t room);

/* The same for one host: what a wildcard covers may be excluded in part. */
enum names_verdict names_judge_host(struct der constraints, const char *host);

#endif
