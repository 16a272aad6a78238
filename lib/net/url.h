/* URLs: taken apart, put together
 *
 * What an image server, a redirect or a proxy variable may name: http and https,
 * a host name or an IP address, a port, a path with a query, and user and password
 * for proxies (RFC 3986). Whatever could be read in two ways is refused: spaces,
 * control characters, backslashes, zones of IPv6 addresses, names that are not
 * ASCII. Texts live in the arena of the call; a fault is ERR_INPUT, and its sentence
 * shows nothing secret.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;

enum { URL_MAX = 4096 };

struct url {
	bool tls;		/* https */
	bool is_ip;		/* the host is an IPv4 or IPv6 address */
	bool is_ip6;
	uint16_t port;
	const char *host;	/* lower case, no brackets, no final dot */
	const char *path;	/* from '/', with the query, without the fragment */
	const char *user, *password;	/* unescaped; NULL when absent */
};

int url_parse(struct arena *m, const char *text, struct url *u, struct err *e);

/* What `reference` means on the page `base`: a redirect's Location. User and
 * password are not handed on. */
int url_resolve(struct arena *m, const struct url *base, const char *reference,
                struct url *out, struct err *e);

/* The file `path` of the tree that begins at `base`. The path is plain text and
 * is escaped here; a query of the base is dropped. */
void url_beneath(struct arena *m, const struct url *base, const char *path, struct url *out);

/* Host and, unless it is the scheme's own, port, as in a Host header. */
const char *url_authority(struct arena *m, const struct url *u);

/* The whole URL, without user and password. */
const char *url_text(struct arena *m, const struct url *u);

/* The same for sentences, where a query has no business (lib/base/shown.h). */
const char *url_name(struct arena *m, const struct url *u);

#endif
