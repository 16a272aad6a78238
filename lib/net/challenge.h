/* Read what a server wants to be told first (RFC 9110, 11.6.1)
 *
 * A challenge is the text of a header WWW-Authenticate: a scheme, and parameters that may be
 * in quotes. Only the first challenge of a text is read. The text is hostile.
 */
#ifndef NET_CHALLENGE_H
#define NET_CHALLENGE_H

#include <stdbool.h>

struct arena;

bool challenge_is(const char *text, const char *scheme);

/* The value of a parameter without its quotes; NULL if it has none of that name. */
const char *challenge_get(struct arena *m, const char *text, const char *name);

#endif
