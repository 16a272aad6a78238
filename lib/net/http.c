/* Three loops, one inside the other: tries (http_get), redirects (follow_redirects), and the
 * one more request if the server has closed a kept connection (send_request). */

#include "lib/net/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/net/conn.h"
#include "lib/net/http_wire.h"
#include "lib/net/proxy.h"
#include "lib/net/url.h"

#define USER_AGENT "jlmkr/" JLMKR_VERSION

enum {
	FIRST_BYTE_MS = 30000, STALL_MS = 30000, PAUSE_MS = 500, RETRY_AFTER_MAX = 30,
	TRIES = 3, REDIRECTS_MAX = 5, DRAIN_MAX = 64 * 1024,
};

enum body_end { BODY_LENGTH, BODY_CHUNKS, BODY_CLOSE };

struct body {
	struct stream stream;		/* first: what the caller reads is this */
	struct http *http;
	enum body_end end;
	uint64_t left;			/* for BODY_LENGTH */
	struct http_chunks chunks;
	bool keep_alive;
};

struct http {
	struct arena *m;
	struct http_options o;
	struct conn conn;
	struct body body;
};

struct http *http_open(struct arena *m, const struct http_options *o)
{
	struct http *h = arena_alloc(m, sizeof *h);

	h->m = m;
	h->o = *o;
	if (!h->o.first_byte_ms) h->o.first_byte_ms = FIRST_BYTE_MS;
	if (!h->o.stall_ms) h->o.stall_ms = STALL_MS;
	if (!h->o.pause_ms) h->o.pause_ms = PAUSE_MS;
	h->conn.fd = -1;
	return h;
}

void http_close(struct http *h)
{
	if (h) conn_close(&h->conn);
}

void http_proxy_from_environment(struct http_options *o)
{
	const char *proxy = getenv("https_proxy"), *spared = getenv("no_proxy");

	o->proxy = proxy && *proxy ? proxy : getenv("HTTPS_PROXY");
	o->no_proxy = spared ? spared : getenv("NO_PROXY");
}

static ssize_t pull_length(struct body *b, void *buf, size_t n, int64_t deadline, struct err *e)
{
	ssize_t k;

	if (!b->left) return 0;
	k = conn_read(&b->http->conn, buf, n < b->left ? n : (size_t)b->left, deadline, e);
	if (k > 0) b->left -= (uint64_t)k;
	if (k) return k;
	fail(e, ERR_NETWORK, "%s has closed the connection", b->http->conn.host);
	if (e) e->sys = ECONNRESET;
	return -1;
}

static ssize_t pull_chunks(struct body *b, void *buf, size_t n, int64_t deadline, struct err *e)
{
	struct conn *c = &b->http->conn;
	struct http_chunks *ch = &b->chunks;
	ssize_t k;

	while (!ch->ended) {
		int64_t skip = http_chunks_step(ch, c->buf + c->at, c->end - c->at, e);

		if (skip < 0) return -1;
		c->at += (size_t)skip;
		if (ch->ended) break;
		if (ch->left) {
			k = conn_read(c, buf, n < ch->left ? n : (size_t)ch->left, deadline, e);
			if (k > 0) ch->left -= (uint64_t)k;
		} else {
			k = conn_fill(c, deadline, e);
			if (k > 0) continue;
		}
		if (k) return k;
		fail(e, ERR_NETWORK, "%s has closed the connection", c->host);
		if (e) e->sys = ECONNRESET;
		return -1;
	}
	return 0;
}

static ssize_t body_pull(struct stream *s, void *buf, size_t n, struct err *e)
{
	struct body *b = (struct body *)(void *)s;
	int64_t deadline = deadline_in(b->http->o.stall_ms);
	ssize_t k = b->end == BODY_LENGTH ? pull_length(b, buf, n, deadline, e) :
	            b->end == BODY_CHUNKS ? pull_chunks(b, buf, n, deadline, e) :
	            conn_read(&b->http->conn, buf, n, deadline, e);

	if (k < 0 || (!k && !b->keep_alive)) conn_close(&b->http->conn);
	return k;
}

/* An answer without a length ends with the connection. In TLS the server's closing alert shows
 * that it is complete; without TLS a broken connection cannot be told from the end. */
static struct stream *body_begin(struct http *h, const struct http_head *head)
{
	h->body = (struct body){
		.stream = { .pull = body_pull },
		.http = h,
		.end = head->chunked ? BODY_CHUNKS :
		       head->length >= 0 ? BODY_LENGTH : BODY_CLOSE,
		.left = head->length >= 0 ? (uint64_t)head->length : 0,
		.keep_alive = head->keep_alive && (head->chunked || head->length >= 0),
	};
	return &h->body.stream;
}

/* The rest of the last answer comes before the next one: read it if it is short, else close the
 * connection. */
static void body_finish(struct http *h)
{
	struct body *b = &h->body;

	if (h->conn.fd < 0 || !b->http) return;
	if (b->end == BODY_CLOSE || b->left > DRAIN_MAX ||
	    stream_skip(&b->stream, DRAIN_MAX + 1, NULL) < 0 || !b->stream.ended)
		conn_close(&h->conn);
	b->http = NULL;
}

static bool is_same_host(const struct url *a, const struct url *b)
{
	return a->tls == b->tls && a->port == b->port && str_eq(a->host, b->host);
}

/* What this host is told of who we are. `u` may be where a redirect led to. */
static const char *authorization(struct arena *m, const struct http_request *q,
                                 const struct url *u)
{
	if (!q->authorization) return basic_credentials(m, u);
	return is_same_host(u, q->url) ? q->authorization : NULL;
}

static const char *request_text(struct arena *m, const struct http_request *q,
                                const struct url *u)
{
	const char *credentials = authorization(m, q, u);
	struct str s = { .m = m };

	str_addf(&s, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: " USER_AGENT "\r\n"
	         "Accept: %s\r\nAccept-Encoding: identity\r\n", u->path, url_authority(m, u),
	         q->accept ? q->accept : "*/*");
	if (credentials) str_addf(&s, "Authorization: %s\r\n", credentials);
	if (q->from) str_addf(&s, "Range: bytes=%llu-\r\n", (unsigned long long)q->from);
	if (q->from && q->if_range) str_addf(&s, "If-Range: %s\r\n", q->if_range);
	str_add(&s, "\r\n");
	return str_text(&s);
}

static bool is_broken(const struct err *e)
{
	return e->kind == ERR_NETWORK &&
	       (e->sys == ECONNRESET || e->sys == EPIPE || e->sys == ECONNABORTED);
}

static int ask_once(struct http *h, struct arena *m, const struct http_request *q,
                    const struct url *u, struct http_head *head, struct err *e)
{
	int64_t deadline = deadline_in(h->o.first_byte_ms);
	const char *text = request_text(m, q, u);

	if (conn_write(&h->conn, text, strlen(text), deadline, e) < 0 ||
	    conn_read_head(&h->conn, m, head, deadline, e) < 0) {
		conn_close(&h->conn);
		return -1;
	}
	return 0;
}

/* The server may have closed a kept connection meanwhile: that is not a fault, so try a new
 * one. */
static int send_request(struct http *h, struct arena *m, const struct http_request *q,
                        const struct url *u, struct http_head *head, struct err *e)
{
	struct err broken = { 0 };

	body_finish(h);
	if (conn_is_for(&h->conn, u)) {
		if (!ask_once(h, m, q, u, head, &broken)) return 0;
		if (!is_broken(&broken)) {
			if (e) *e = broken;
			return -1;
		}
	}
	conn_close(&h->conn);
	if (conn_open(&h->conn, h->m, &h->o, u, USER_AGENT, e) < 0) return -1;
	return ask_once(h, m, q, u, head, e);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
	       status == 308;
}

static int check_scheme(const struct http *h, struct arena *m, const struct url *u,
                        struct err *e)
{
	if (u->tls || h->o.plain) return 0;
	return fail(e, ERR_UNTRUSTED, "%s: only https is trusted", url_name(m, u));
}

/* Ask, and follow redirects. `u` becomes the last URL. */
static int follow_redirects(struct http *h, struct arena *m, const struct http_request *q,
                            struct url *u, struct http_head *head, struct err *e)
{
	struct url next;
	int i;

	*u = *q->url;
	for (i = 0; i <= REDIRECTS_MAX; i++) {
		if (check_scheme(h, m, u, e) < 0 || send_request(h, m, q, u, head, e) < 0)
			return -1;
		if (!is_redirect(head->status)) return 0;
		body_begin(h, head);
		if (!head->location)
			return fail(e, ERR_NETWORK, "%s redirects without a location",
			            url_name(m, u));
		if (url_resolve(m, u, head->location, &next, e) < 0) {
			if (e) e->kind = ERR_NETWORK;
			return fail_in(e, "%s redirects", url_name(m, u));
		}
		if (u->tls && !next.tls)
			return fail(e, ERR_UNTRUSTED, "%s redirects to %s, which is not https",
			            url_name(m, u), url_name(m, &next));
		*u = next;
	}
	return fail(e, ERR_NETWORK, "%s redirects more than %d times", url_name(m, q->url),
	            REDIRECTS_MAX);
}

static int fail_status(struct arena *m, const struct http_head *head, const struct url *u,
                       struct err *e)
{
	bool gone = head->status == 404 || head->status == 410;

	if (head->retry_after > RETRY_AFTER_MAX)
		return fail(e, ERR_NETWORK,
		            "%s: the server answers %d %.80s; try again in %lld seconds",
		            url_name(m, u), head->status, head->reason,
		            (long long)head->retry_after);
	fail(e, gone ? ERR_MISSING : ERR_NETWORK, "%s: the server answers %d %.80s",
	     url_name(m, u), head->status, head->reason);
	if (e && head->status == 401) e->sys = EACCES;
	return -1;
}

static int accept_answer(struct http *h, struct arena *m, const struct http_request *q,
                         const struct http_head *head, const struct url *u,
                         struct http_reply *r, struct err *e)
{
	r->status = head->status;
	r->url = url_name(m, u);
	r->length = head->chunked ? -1 : head->length;
	r->etag = head->etag && *head->etag == '"' ? head->etag : NULL;
	r->authenticate = is_same_host(u, q->url) ? head->authenticate : NULL;
	r->retry_after = head->retry_after;
	r->from = head->status == 206 ? q->from : 0;
	r->body = body_begin(h, head);
	if (head->status == 200) return 0;
	if (head->status != 206) return fail_status(m, head, u, e);
	if (!q->from || head->range_from != (int64_t)q->from)
		return fail(e, ERR_NETWORK,
		            "%s: the server does not send the requested part of the file",
		            r->url);
	return 0;
}

static bool is_worth_retrying(int status)
{
	return status == 408 || status == 425 || status == 429 || status == 500 ||
	       (status >= 502 && status <= 504);
}

/* Milliseconds to wait before the next try; -1: do not try again. */
static int64_t pause_before_retry(const struct http *h, const struct http_head *head,
                                  int status, const struct err *e, int tries)
{
	int64_t pause = h->o.pause_ms << (2 * (tries - 1));

	if (tries >= TRIES) return -1;
	if (!status) return is_broken(e) ? pause : -1;
	if (!is_worth_retrying(status) || head->retry_after > RETRY_AFTER_MAX) return -1;
	return head->retry_after * 1000 > pause ? head->retry_after * 1000 : pause;
}

int http_get(struct http *h, struct arena *m, const struct http_request *q,
             struct http_reply *r, struct err *e)
{
	struct http_head head;
	struct err fault;
	struct url u;
	int64_t pause;
	int tries;

	for (tries = 1;; tries++) {
		*r = (struct http_reply){ .length = -1, .retry_after = -1 };
		fault = (struct err){ 0 };
		if (!follow_redirects(h, m, q, &u, &head, &fault) &&
		    !accept_answer(h, m, q, &head, &u, r, &fault))
			return 0;
		pause = pause_before_retry(h, &head, r->status, &fault, tries);
		if (pause < 0) break;
		if (wait_fds(NULL, 0, deadline_in(pause), e) < 0) return -1;
	}
	if (e) *e = fault;
	return -1;
}
