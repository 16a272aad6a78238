/* Through a proxy, by CONNECT
 *
 * The proxy sees the name of the host and nothing else: TLS goes through it. It is
 * spoken to in plain HTTP (RFC 9110, 9.3.6), with Basic credentials if its URL has
 * some.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>

struct arena;
struct url;

/* Whether a no_proxy list spares this host: "*", names (with or without a leading
 * dot: it and everything below it), addresses, each with ":PORT" or without,
 * separated by commas or spaces. `list` may be NULL. */
bool proxy_spares(const char *list, const struct url *to);

/* The request to the proxy for a way to `to`. */
const char *proxy_request(struct arena *m, const struct url *proxy, const struct url *to,
                          const char *agent);

/* "Basic ..." for the user and password of a URL, or NULL when it has none. */
const char *basic_credentials(struct arena *m, const struct url *u);

#endif
