/* Get files by HTTP/1.1, over TLS
 *
 * One client keeps one connection and uses it again while the host stays the same.
 * Redirects are followed, at most 5 and from https to https only. An answer that
 * invites to try again (408, 429, 5xx) and a connection that breaks before the
 * answer are tried again, twice, with growing pauses. What breaks later is the
 * caller's: it may ask for the rest with `from`. Every wait has a deadline and
 * ends with a signal.
 *
 * Kinds of faults: ERR_UNTRUSTED for a certificate or a redirect to http,
 * ERR_MISSING for 404 and 410, ERR_INPUT for a URL or proxy that is none, else
 * ERR_NETWORK. Everything lives in the arenas given.
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
	bool plain;			/* http:// is good enough, too */
	int64_t now;			/* seconds since 1970; 0: the clock of the machine */

	/* Milliseconds; 0 stands for the defaults 10 s, 30 s, 30 s and 500 ms. */
	int64_t connect_ms, first_byte_ms, stall_ms, pause_ms;

	/* Instead of a TCP connection: a connected socket for the host. NULL: dial. */
	int (*dial)(void *arg, const char *host, uint16_t port, int64_t deadline,
	            struct err *e);
	void *dial_arg;
};

/* https_proxy, HTTPS_PROXY, no_proxy and NO_PROXY of the environment. */
void http_proxy_from_environment(struct http_options *o);

/* The options are copied, what they point to is borrowed until http_close. */
struct http *http_open(struct arena *m, const struct http_options *o);

void http_close(struct http *h);	/* safe on NULL */

struct http_request {
	const struct url *url;
	uint64_t from;			/* skip this many bytes of the file */
	const char *if_range;		/* an ETag: the whole file if it is another; or NULL */
};

struct http_reply {
	int status;			/* even if it is the fault; 0: none came */
	const char *url;		/* after redirects, for sentences */
	uint64_t from;			/* where the body begins in the file: as asked, or 0 */
	int64_t length;			/* bytes of the body, -1 when not told */
	const char *etag;		/* strong, fit for if_range; or NULL */
	struct stream *body;		/* belongs to the client, until its next request */
};

/* 0 when the answer is a 200 or 206, with the body ready to be read. */
int http_get(struct http *h, struct arena *m, const struct http_request *q,
             struct http_reply *r, struct err *e);

#endif
