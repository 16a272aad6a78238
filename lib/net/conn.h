/* A connection to a server, plain or in TLS, direct or through a proxy
 *
 * For http.c. Reading is buffered, so that http.c can parse the head of an answer
 * before it consumes the bytes.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/net/http_wire.h"

struct arena;
struct err;
struct http_options;
struct tls;
struct tls_known;
struct url;

struct conn {
	int fd;			/* -1: not connected */
	struct tls *tls;	/* NULL: plain */
	const char *host;
	uint16_t port;
	struct tls_known *known;	/* the hosts of all connections so far, in the arena */
	size_t at, end;		/* the unread bytes of buf */
	char buf[HTTP_HEAD_MAX];
};

/* Connect for requests to `to`. The struct was zeroed before its first use. With TLS that may
 * take two connections (lib/net/tls.h); a host that has spoken TLS 1.3 is held to it as long as
 * the struct lives. */
int conn_open(struct conn *c, struct arena *m, const struct http_options *o,
              const struct url *to, const char *agent, struct err *e);

void conn_close(struct conn *c);	/* safe if not connected */

bool conn_is_for(const struct conn *c, const struct url *to);

int conn_write(struct conn *c, const void *data, size_t n, int64_t deadline, struct err *e);

/* Returns 1 to n bytes, or 0 at the end. In TLS an end that the server has not announced is a
 * fault. */
ssize_t conn_read(struct conn *c, void *buf, size_t n, int64_t deadline, struct err *e);

/* Read more into the buffer: returns as conn_read, and fails if the buffer is full. */
ssize_t conn_fill(struct conn *c, int64_t deadline, struct err *e);

/* Read and parse the head of an answer; interim answers (1xx) are skipped. Its texts live in
 * `m`. */
int conn_read_head(struct conn *c, struct arena *m, struct http_head *h, int64_t deadline,
                   struct err *e);

#endif
