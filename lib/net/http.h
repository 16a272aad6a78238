/* Get files by HTTP/1.1, over TLS
 *
 * One client keeps one connection and uses it again for the same host. Redirects are
 * followed, at most 5, and never from https to http. After a temporary answer (408,
 * 429, 5xx), or if the connection breaks before the answer, it tries again twice, with
 * growing pauses. If the connection breaks later, the caller may ask for the rest with
 * `from`. Every wait has a deadline and ends when a signal is caught.
 *
 * Kinds of faults: ERR_UNTRUSTED for a certificate or a redirect to http,
 * ERR_MISSING for 404 and 410, ERR_INPUT for an invalid URL or proxy, else
 * ERR_NETWORK. Everything lives in the given arenas.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/stream.h"

struct anchors;
struct arena;
struct err;
struct http;
struct url;

struct http_options {
	const struct anchors *anchors;	/* for https */
	const char *proxy;		/* URL of a proxy, or NULL */
	const char *no_proxy;		/* see proxy_spares */
	bool plain;			/* allow http:// too */
	int64_t now;			/* seconds since 1970; 0: the clock of the machine */

	/* Milliseconds; 0: the defaults 10 s, 30 s, 30 s and 500 ms. */
	int64_t connect_ms, first_byte_ms, stall_ms, pause_ms;

	/* Returns a connected socket for the host instead of a TCP connection. NULL: dial(). */
	int (*dial)(void *arg, const char *host, uint16_t port, int64_t deadline,
	            struct err *e);
	void *dial_arg;
};

/* Read https_proxy, HTTPS_PROXY, no_proxy and NO_PROXY from the environment. */
void http_proxy_from_environment(struct http_options *o);

/* The options are copied; their pointers are borrowed until http_close. */
struct http *http_open(struct arena *m, const struct http_options *o);

void http_close(struct http *h);	/* safe on NULL */

struct http_request {
	const struct url *url;
	uint64_t from;			/* skip this many bytes of the file */
	const char *if_range;		/* an ETag or NULL; if it differs: the whole file */
	const char *accept;		/* the types that may come; NULL: any */
	const char *authorization;	/* for the URL's own host: redirects to another one
					 * do not get it; NULL: what the URL has */
};

struct http_reply {
	int status;			/* set also on a fault; 0: no answer came */
	const char *url;		/* after redirects, for messages */
	uint64_t from;			/* where the body begins in the file */
	int64_t length;			/* bytes of the body, -1: unknown */
	const char *etag;		/* a strong one, for if_range; or NULL */
	const char *authenticate;	/* the challenge (net/challenge.h), if it is that of the
					 * URL's own host; or NULL */
	int64_t retry_after;		/* in seconds, -1: it does not say */
	struct stream *body;		/* belongs to the client, until its next request */
};

/* Returns 0 if the answer is 200 or 206; then the body can be read. After another answer, if
 * r->status is set, the body can be read too: it may say why. e->sys is EACCES for 401. */
int http_get(struct http *h, struct arena *m, const struct http_request *q,
             struct http_reply *r, struct err *e);

#endif
