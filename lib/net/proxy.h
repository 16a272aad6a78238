/* Connect through a proxy with CONNECT
 *
 * The proxy sees only the name of the host; TLS passes through it. The request to the
 * proxy is plain HTTP (RFC 9110, 9.3.6), with Basic credentials if its URL has some.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>

struct arena;
struct url;

/* Whether a no_proxy list exempts this host. The list has "*", names (they match themselves
 * and all names below, with or without a leading dot) and addresses, each with or without
 * ":PORT", separated by commas or spaces. `list` may be NULL. */
bool proxy_spares(const char *list, const struct url *to);

/* The CONNECT request for a connection to `to`. */
const char *proxy_request(struct arena *m, const struct url *proxy, const struct url *to,
                          const char *agent);

/* "Basic ..." for the user and password of a URL; NULL if it has none. */
const char *basic_credentials(struct arena *m, const struct url *u);

#endif
