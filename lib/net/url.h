/* Parse, resolve and build URLs
 *
 * The URLs of image servers, redirects and proxies: http and https, a host name or
 * an IP address, a port, a path with a query, and user and password for proxies
 * (RFC 3986). URLs that programs could read differently are refused: spaces, control
 * characters, backslashes, zones of IPv6 addresses, names that are not ASCII. Texts
 * live in the arena of the call. Faults are ERR_INPUT, and their messages hide
 * passwords and queries.
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

/* Resolve `reference`, such as a redirect's Location, against `base`. User and password are
 * dropped. */
int url_resolve(struct arena *m, const struct url *base, const char *reference,
                struct url *out, struct err *e);

/* The URL of the file `path` below `base`. The path is plain text, which is escaped here; a
 * query of `base` is dropped. */
void url_beneath(struct arena *m, const struct url *base, const char *path, struct url *out);

/* The host, with the port unless it is the scheme's default, as in a Host header. */
const char *url_authority(struct arena *m, const struct url *u);

/* The whole URL, without user and password. */
const char *url_text(struct arena *m, const struct url *u);

/* The same for messages, with the query hidden (lib/base/secret.h). */
const char *url_name(struct arena *m, const struct url *u);

#endif
