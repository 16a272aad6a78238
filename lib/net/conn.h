/* A connection to a server, plain or in TLS, direct or through a proxy
 *
 * For http.c. Reading is buffered, so that the head of an answer can be looked at
 * before it is taken.
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
struct url;

struct conn {
	int fd;			/* -1: not connected */
	struct tls *tls;	/* NULL: plain */
	const char *host;
	uint16_t port;
	size_t at, end;		/* what of buf is filled and not taken yet */
	char buf[HTTP_HEAD_MAX];
};

/* Connect for requests to `to`. */
int conn_open(struct conn *c, struct arena *m, const struct http_options *o,
              const struct url *to, const char *agent, struct err *e);

void conn_close(struct conn *c);	/* safe when not connected */

bool conn_is_for(const struct conn *c, const struct url *to);

int conn_write(struct conn *c, const void *data, size_t n, int64_t deadline, struct err *e);

/* 1 to n bytes, 0 at the end. Without TLS every end is one; with TLS only one that
 * the server has announced. */
ssize_t conn_read(struct conn *c, void *buf, size_t n, int64_t deadline, struct err *e);

/* Read more behind what is in the buffer: as conn_read, or -1 when it is full. */
ssize_t conn_fill(struct conn *c, int64_t deadline, struct err *e);

/* Read and parse the head of an answer; answers that only announce another one
 * (1xx) are passed over. Its texts live in `m`. */
int conn_read_head(struct conn *c, struct arena *m, struct http_head *h, int64_t deadline,
                   struct err *e);

#endif
