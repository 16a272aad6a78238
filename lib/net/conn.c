#include "lib/net/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/net/dial.h"
#include "lib/net/http.h"
#include "lib/net/proxy.h"
#include "lib/net/tls.h"
#include "lib/net/url.h"

enum { CONNECT_MS = 10000, INTERIM_MAX = 8 };

/* What a host has proved to speak. */
struct tls_known {
	const char *host;
	uint16_t port;
	enum tls_leg speaks;
	struct tls_known *next;
};

static int fail_conn(const struct conn *c, int sys, const char *why, struct err *e)
{
	fail(e, ERR_NETWORK, "%s %s", c->host, why);
	if (e) e->sys = sys;
	return -1;
}

static int fail_slow(const struct conn *c, struct err *e)
{
	return fail_conn(c, ETIMEDOUT, "has not answered for too long", e);
}

static ssize_t read_plain(struct conn *c, void *buf, size_t n, int64_t deadline, struct err *e)
{
	for (;;) {
		ssize_t k = recv(c->fd, buf, n, MSG_DONTWAIT);
		int ready;

		if (k >= 0) return k;
		if (errno != EAGAIN && errno != EINTR)
			return fail_conn(c, errno, "has cut the connection", e);
		if ((ready = wait_fd(c->fd, POLLIN, deadline, e)) < 0) return -1;
		if (!ready) return fail_slow(c, e);
	}
}

static int write_plain(struct conn *c, const void *data, size_t n, int64_t deadline,
                       struct err *e)
{
	const char *p = data;

	while (n) {
		ssize_t k = send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		int ready;

		if (k >= 0) {
			p += k;
			n -= (size_t)k;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return fail_conn(c, errno, "has closed the connection", e);
		if ((ready = wait_fd(c->fd, POLLOUT, deadline, e)) < 0) return -1;
		if (!ready) return fail_slow(c, e);
	}
	return 0;
}

int conn_write(struct conn *c, const void *data, size_t n, int64_t deadline, struct err *e)
{
	return c->tls ? tls_write(c->tls, data, n, deadline, e) :
	       write_plain(c, data, n, deadline, e);
}

static ssize_t read_below(struct conn *c, void *buf, size_t n, int64_t deadline, struct err *e)
{
	return c->tls ? tls_read(c->tls, buf, n, deadline, e) :
	       read_plain(c, buf, n, deadline, e);
}

ssize_t conn_read(struct conn *c, void *buf, size_t n, int64_t deadline, struct err *e)
{
	size_t have = c->end - c->at;

	if (!have) return read_below(c, buf, n, deadline, e);
	if (n > have) n = have;
	memcpy(buf, c->buf + c->at, n);
	c->at += n;
	return (ssize_t)n;
}

ssize_t conn_fill(struct conn *c, int64_t deadline, struct err *e)
{
	ssize_t k;

	memmove(c->buf, c->buf + c->at, c->end - c->at);
	c->end -= c->at;
	c->at = 0;
	if (c->end == sizeof c->buf)
		return fail(e, ERR_NETWORK, "%s answers with a head of more than %d bytes",
		            c->host, HTTP_HEAD_MAX);
	k = read_below(c, c->buf + c->end, sizeof c->buf - c->end, deadline, e);
	if (k > 0) c->end += (size_t)k;
	return k;
}

static int read_one_head(struct conn *c, struct arena *m, struct http_head *h, int64_t deadline,
                         struct err *e)
{
	ssize_t k = 1;
	size_t n;

	while (!(n = http_head_size(c->buf + c->at, c->end - c->at))) {
		if ((k = conn_fill(c, deadline, e)) < 0) return -1;
		if (!k) return fail_conn(c, ECONNRESET, "has closed the connection", e);
	}
	if (http_head_parse(m, c->buf + c->at, n, h, e) < 0) return fail_in(e, "%s", c->host);
	c->at += n;
	return 0;
}

int conn_read_head(struct conn *c, struct arena *m, struct http_head *h, int64_t deadline,
                   struct err *e)
{
	int i;

	for (i = 0; i < INTERIM_MAX; i++) {
		if (read_one_head(c, m, h, deadline, e) < 0) return -1;
		if (h->status >= 200) return 0;
		if (h->status == 101) break;
	}
	return fail(e, ERR_NETWORK, "%s sends interim answers but no final one", c->host);
}

static int ask_proxy(struct conn *c, struct arena *m, const struct url *proxy,
                     const struct url *to, const char *agent, int64_t deadline, struct err *e)
{
	const char *request = proxy_request(m, proxy, to, agent);
	struct http_head head;

	if (conn_write(c, request, strlen(request), deadline, e) < 0 ||
	    conn_read_head(c, m, &head, deadline, e) < 0)
		return fail_in(e, "proxy");
	if (head.status == 407)
		return fail(e, ERR_NETWORK,
		            "the proxy %s refuses this user and password; "
		            "set https_proxy=http://USER:PASSWORD@%s",
		            c->host, url_authority(m, proxy));
	if (head.status >= 300)
		return fail(e, ERR_NETWORK, "the proxy %s refuses to connect to %s: %d %s",
		            c->host, to->host, head.status, head.reason);
	if (c->at != c->end)
		return fail(e, ERR_NETWORK, "the proxy %s sends data before %s does", c->host,
		            to->host);
	return 0;
}

static int read_proxy_url(struct arena *m, const char *text, struct url *proxy, struct err *e)
{
	const char *full = strstr(text, "://") ? text : arena_printf(m, "http://%s", text);

	if (url_parse(m, full, proxy, e) < 0) return fail_in(e, "https_proxy");
	if (proxy->tls)
		return fail(e, ERR_INPUT,
		            "https_proxy: jlmkr supports http proxies only; use http://%s",
		            url_authority(m, proxy));
	return 0;
}

static int connect_host(struct conn *c, const struct http_options *o, const struct url *to,
                        int64_t deadline, struct err *e)
{
	c->host = to->host;
	c->fd = o->dial ? o->dial(o->dial_arg, to->host, to->port, deadline, e) :
	        dial(to->host, to->port, deadline, e);
	return c->fd < 0 ? -1 : 0;
}

static int connect_through(struct conn *c, struct arena *m, const struct http_options *o,
                           const struct url *to, const char *agent, int64_t deadline,
                           struct err *e)
{
	struct url proxy;

	if (!o->proxy || !*o->proxy || !to->tls || proxy_spares(o->no_proxy, to))
		return connect_host(c, o, to, deadline, e);
	if (read_proxy_url(m, o->proxy, &proxy, e) < 0) return -1;
	if (connect_host(c, o, &proxy, deadline, e) < 0) return fail_in(e, "proxy");
	return ask_proxy(c, m, &proxy, to, agent, deadline, e);
}

static struct tls_known *find_known(const struct conn *c, const struct url *to)
{
	struct tls_known *k = c->known;

	while (k && (k->port != to->port || strcmp(k->host, to->host)))
		k = k->next;
	return k;
}

static void remember_host(struct conn *c, struct arena *m, enum tls_leg speaks)
{
	struct tls_known *k = arena_alloc(m, sizeof *k);

	*k = (struct tls_known){ c->host, c->port, speaks, c->known };
	c->known = k;
}

static void tell_terms(const struct conn *c, enum tls_leg leg)
{
	char terms[200];

	tls_describe(c->tls, terms, sizeof terms);
	out_verbose("%s: %s%s", c->host, terms,
	            leg == TLS_12 ? "; the server does not speak TLS 1.3" : "");
}

/* One connection and its handshake, or no handshake. */
static enum tls_outcome open_once(struct conn *c, struct arena *m, const struct http_options *o,
                                  const struct url *to, const char *agent, enum tls_leg leg,
                                  struct err *e)
{
	int64_t each = o->connect_ms ? o->connect_ms : CONNECT_MS;
	struct tls_peer peer = {
		.anchors = o->anchors, .now = o->now ? o->now : (int64_t)time(NULL),
	};
	enum tls_outcome got = TLS_OPEN;

	*c = (struct conn){ .fd = -1, .port = to->port, .known = c->known };
	if (connect_through(c, m, o, to, agent, deadline_in(each), e) < 0) {
		conn_close(c);
		return TLS_FAILED;
	}
	peer.host = c->host = arena_strdup(m, to->host);
	if (to->tls) got = tls_open(&c->tls, m, c->fd, &peer, leg, deadline_in(each), e);
	if (got != TLS_OPEN) conn_close(c);
	return got;
}

/* If it is only the second connection that shows that the server knows TLS 1.3, try once more:
 * it may be several servers, of different versions. */
static int open_secure(struct conn *c, struct arena *m, const struct http_options *o,
                       const struct url *to, const char *agent, struct err *e)
{
	const struct tls_known *known = find_known(c, to);
	enum tls_leg leg = known ? known->speaks : TLS_NEWEST;
	bool again = false;

	for (;;) {
		switch (open_once(c, m, o, to, agent, leg, e)) {
		case TLS_FAILED:
			return -1;
		case TLS_OPEN:
			if (!known || known->speaks != leg) remember_host(c, m, leg);
			tell_terms(c, leg);
			return 0;
		case TLS_OLDER:
			if (known && known->speaks == TLS_NEWEST)
				return tls_fail_downgrade(to->host, e);
			leg = TLS_12;
			break;
		case TLS_DOWNGRADED:
			if (again) return tls_fail_downgrade(to->host, e);
			again = true;
			leg = TLS_NEWEST;
		}
	}
}

int conn_open(struct conn *c, struct arena *m, const struct http_options *o,
              const struct url *to, const char *agent, struct err *e)
{
	if (to->tls) return open_secure(c, m, o, to, agent, e);
	return open_once(c, m, o, to, agent, TLS_NEWEST, e) == TLS_OPEN ? 0 : -1;
}

void conn_close(struct conn *c)
{
	if (c->fd < 0) return;
	tls_close(c->tls);
	c->tls = NULL;
	close(take_fd(&c->fd));
}

bool conn_is_for(const struct conn *c, const struct url *to)
{
	return c->fd >= 0 && c->port == to->port && !c->tls == !to->tls &&
	       !strcmp(c->host, to->host);
}
