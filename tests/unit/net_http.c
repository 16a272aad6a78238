/* The client against canned answers: each connection is a socket pair into which
 * the whole conversation of the server has been written beforehand. */

#include "lib/net/http.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/net/url.h"
#include "tests/unit/test.h"

enum { CONNECTIONS = 8 };

struct server {
	const char *const *say;		/* one text a connection, NULL-ended */
	bool open_end;			/* it does not hang up after that */
	int peers[CONNECTIONS];
	int dialled;
	char asked[4096];		/* the requests that came, of all connections */
	char last_host[100];
};

static int dial_canned(void *arg, const char *host, uint16_t port, int64_t deadline,
                       struct err *e)
{
	struct server *s = arg;
	int ends[2];

	(void)deadline;
	snprintf(s->last_host, sizeof s->last_host, "%s:%u", host, port);
	if (!s->say[s->dialled]) return fail(e, ERR_NETWORK, "nobody there");
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	CHECK(write(ends[1], s->say[s->dialled], strlen(s->say[s->dialled])) >= 0);
	if (!s->open_end) CHECK(!shutdown(ends[1], SHUT_WR));
	s->peers[s->dialled++] = ends[1];
	return ends[0];
}

static void hear(struct server *s)
{
	size_t n = 0;
	ssize_t k;
	int i;

	for (i = 0; i < s->dialled; i++) {
		while ((k = recv(s->peers[i], s->asked + n, sizeof s->asked - n - 1,
		                 MSG_DONTWAIT)) > 0)
			n += (size_t)k;
		close(s->peers[i]);
	}
	s->asked[n] = 0;
}

static struct http *client(struct arena *m, struct server *s)
{
	struct http_options o = { .plain = true, .pause_ms = 1, .first_byte_ms = 300,
	                          .stall_ms = 300, .dial = dial_canned, .dial_arg = s };

	return http_open(m, &o);
}

/* The body, or the fault's sentence. */
static const char *get(struct http *h, struct arena *m, const char *url, uint64_t from,
                       struct http_reply *r, struct err *e)
{
	struct http_request q = { .from = from, .if_range = "\"tag\"" };
	struct url u;
	size_t n;
	char *text;

	memset(e, 0, sizeof *e);
	if (url_parse(m, url, &u, e) < 0) return e->text;
	q.url = &u;
	if (http_get(h, m, &q, r, e) < 0) return e->text;
	text = stream_read_all(r->body, m, 1 << 20, 0, &n, e);
	return text ? text : e->text;
}

static void answers(const char *const say[], const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = say };
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;
	int i;

	CHECK_STR(get(h, &m, "http://h/f", 0, &r, &e), want);
	http_close(h);
	hear(&s);
	for (i = 0; say[i]; i++)
		;
	CHECK_INT(s.dialled, i);
}

#define SAY(...) ((const char *const[]){ __VA_ARGS__, NULL })

TEST(ends_of_bodies)
{
	answers(SAY("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"), "hello");
	answers(SAY("HTTP/1.1 200 OK\r\n\r\nhello"), "hello");
	answers(SAY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	            "2;x\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n"), "hello");
	answers(SAY("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "");
	answers(SAY("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello"), "hello");
}

TEST(bodies_that_break_off)
{
	answers(SAY("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
	        "h has closed the connection");
	answers(SAY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
	        "h has closed the connection");
	answers(SAY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
	        "h has closed the connection");
	answers(SAY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
	        "the answer has an invalid chunk");
}

TEST(tries_again)
{
	answers(SAY("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "",
	            "HTTP/1.1 200 OK\r\n\r\nhello"), "hello");
	answers(SAY("", "", ""), "h has closed the connection");
	answers(SAY("HTTP/1.1 500 Oops\r\n\r\n", "HTTP/1.1 500 Oops\r\n\r\n",
	            "HTTP/1.1 500 Oops\r\n\r\n"),
	        "http://h/f: the server answers 500 Oops");
	answers(SAY("HTTP/1.1 429 Slow\r\nRetry-After: 86400\r\n\r\n"),
	        "http://h/f: the server answers 429 Slow; try again in 86400 seconds");
}

TEST(no_use_trying)
{
	answers(SAY("HTTP/1.1 404 Not Found\r\n\r\n"),
	        "http://h/f: the server answers 404 Not Found");
	answers(SAY("HTTP/1.1 501 No\r\n\r\n"), "http://h/f: the server answers 501 No");
	answers(SAY("HTTP/1.1 404 \x1b[2J\r\n\r\n"), "h: the answer is not HTTP");
	answers(SAY("HTTP/1.1 404 No\r\nX: \x1b[2J\r\n\r\n"),
	        "h: the answer has a line that is not a header: 'X'");
	answers(SAY("220 ftp.example\r\n\r\n"),
	        "h: the answer is not HTTP/1.1: '220 ftp.example'");
	answers(SAY("HTTP/1.1 206 Part\r\nContent-Range: bytes 0-1/2\r\n\r\nxx"),
	        "http://h/f: the server does not send the requested part of the file");
}

TEST(kinds_of_faults)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = SAY("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n") };
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;

	get(h, &m, "http://h/f", 0, &r, &e);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(r.status, 410);
	get(h, &m, "http://other/f", 0, &r, &e);
	CHECK_INT(e.kind, ERR_NETWORK);
	CHECK_INT(r.status, 0);
	http_close(h);
	hear(&s);
}

TEST(redirects)
{
	answers(SAY("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: g\r\n\r\n"
	            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "hello");
	answers(SAY("HTTP/1.1 301 Moved\r\nLocation: http://other:81/\r\n\r\n",
	            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "hello");
	answers(SAY("HTTP/1.1 302 Found\r\n\r\n"), "http://h/f redirects without a location");
	answers(SAY("HTTP/1.1 302 Found\r\nLocation: gopher://x/\r\n\r\n"),
	        "http://h/f redirects: "
	        "'gopher://x/' is not a URL: it must begin with https://");
}

/* Neither what a server sends along nor what it was given is shown, or goes to another. */
TEST(redirects_and_passwords)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = {
		.say = SAY("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
		           "Location: http://you:hidden@other/x?sig=hidden\r\n\r\n",
		           "HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n",
		           "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
		           "Location: ftp://you:hidden@other/\r\n\r\n")
	};
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;

	CHECK_STR(get(h, &m, "http://me:secret@h/f?key", 0, &r, &e),
	          "http://other/x?...: the server answers 404 None");
	CHECK_STR(r.url, "http://other/x?...");
	CHECK_STR(get(h, &m, "http://me:secret@h/f?key", 0, &r, &e),
	          "http://h/f?... redirects: 'ftp://you:***@other/' is not a URL: it must "
	          "begin "
	          "with https://");
	http_close(h);
	hear(&s);
	CHECK(strstr(s.asked, "GET /f?key HTTP/1.1\r\nHost: h\r\n"));
	CHECK(strstr(s.asked, "\r\nAuthorization: Basic bWU6c2VjcmV0\r\n\r\n"
	             "GET /x?sig=hidden HTTP/1.1\r\nHost: other\r\n"
	             "User-Agent: jlmkr/" JLMKR_VERSION "\r\n"
	             "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n"));
}

/* A login is for the URL's own host alone, also when a redirect leads back to it. */
TEST(redirects_and_logins)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = {
		.say = SAY(
		        "HTTP/1.1 307 Round\r\nContent-Length: 0\r\nLocation: g\r\n\r\n"
		        "HTTP/1.1 307 Away\r\nContent-Length: 0\r\n"
		        "Location: http://h:81/x\r\n\r\n",
		        "HTTP/1.1 401 Who\r\nContent-Length: 0\r\nWWW-Authenticate: Basic a\r\n"
		        "WWW-Authenticate: bearer b\r\n\r\n",
		        "HTTP/1.1 401 Who\r\nContent-Length: 3\r\nRetry-After: 7\r\n"
		        "WWW-Authenticate: Basic a\r\nWWW-Authenticate: bearer b\r\n\r\nwhy")
	};
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct url u;
	struct err e = { 0 };
	const struct http_request q = { .url = &u, .accept = "text/a, text/b",
	                                .authorization = "Bearer hidden" };
	char *text;
	size_t n;

	CHECK_INT(url_parse(&m, "http://h/f", &u, &e), 0);
	CHECK_INT(http_get(h, &m, &q, &r, &e), -1);
	CHECK_INT(r.status, 401);
	CHECK(!r.authenticate);		/* that of h:81 */
	CHECK_INT(http_get(h, &m, &q, &r, &e), -1);
	CHECK_STR(r.authenticate, "bearer b");
	CHECK_INT(r.retry_after, 7);
	text = stream_read_all(r.body, &m, 100, 0, &n, &e);
	CHECK_STR(text, "why");
	http_close(h);
	hear(&s);
	CHECK(strstr(s.asked, "GET /g HTTP/1.1\r\nHost: h\r\nUser-Agent: jlmkr/" JLMKR_VERSION
	             "\r\nAccept: text/a, text/b\r\nAccept-Encoding: identity\r\n"
	             "Authorization: Bearer hidden\r\n\r\nGET /x HTTP/1.1\r\nHost: h:81\r\n"
	             "User-Agent: jlmkr/" JLMKR_VERSION "\r\nAccept: text/a, text/b\r\n"
	             "Accept-Encoding: identity\r\n\r\n"));
}

#define ROUND "HTTP/1.1 307 Round\r\nContent-Length: 0\r\nLocation: f\r\n\r\n"

TEST(redirects_without_end)
{
	answers(SAY(ROUND ROUND ROUND ROUND ROUND ROUND ROUND),
	        "http://h/f redirects more than 5 times");
}

TEST(only_https_unless_told)
{
	AUTOFREE struct arena m = { 0 };
	struct http *h = http_open(&m, &(struct http_options){ 0 });
	struct http_reply r;
	struct err e;

	CHECK_STR(get(h, &m, "http://h/f", 0, &r, &e), "http://h/f: only https is trusted");
	CHECK_INT(e.kind, ERR_UNTRUSTED);
}

#define SMALL "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"

TEST(one_connection_for_several_files)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = SAY(SMALL "a" SMALL "b" SMALL "c", SMALL "d") };
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;

	CHECK_STR(get(h, &m, "http://h/a", 0, &r, &e), "a");
	CHECK_STR(get(h, &m, "http://h/b", 0, &r, &e), "b");
	CHECK_INT(s.dialled, 1);
	CHECK_STR(get(h, &m, "http://h:81/c", 0, &r, &e), "d");
	CHECK_INT(s.dialled, 2);
	CHECK_STR(s.last_host, "h:81");
	http_close(h);
	hear(&s);
	CHECK_STR(s.asked,
	          "GET /a HTTP/1.1\r\nHost: h\r\nUser-Agent: jlmkr/" JLMKR_VERSION "\r\n"
	          "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n"
	          "GET /b HTTP/1.1\r\nHost: h\r\nUser-Agent: jlmkr/" JLMKR_VERSION "\r\n"
	          "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n"
	          "GET /c HTTP/1.1\r\nHost: h:81\r\nUser-Agent: jlmkr/" JLMKR_VERSION "\r\n"
	          "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n");
}

TEST(a_kept_connection_that_died_costs_nothing)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = SAY(SMALL "a", SMALL "b") };
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;

	CHECK_STR(get(h, &m, "http://h/a", 0, &r, &e), "a");
	CHECK_STR(get(h, &m, "http://h/b", 0, &r, &e), "b");
	CHECK_INT(s.dialled, 2);
	http_close(h);
	hear(&s);
}

TEST(the_rest_of_a_file)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = {
		.say = SAY(
			"HTTP/1.1 206 P\r\nContent-Range: bytes 3-4/5\r\nContent-Length: 2\r\n"
			"ETag: \"tag\"\r\n\r\nlo"
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: W/\"weak\"\r\n\r\nhello"
			"HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/5\r\nContent-Length: "
		        "5\r\n\r\nhello")
	};
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;

	CHECK_STR(get(h, &m, "http://h/f", 3, &r, &e), "lo");
	CHECK_INT(r.from, 3);
	CHECK_INT(r.length, 2);
	CHECK_STR(r.etag, "\"tag\"");
	CHECK_STR(get(h, &m, "http://h/f", 3, &r, &e), "hello");
	CHECK_INT(r.from, 0);
	CHECK(!r.etag);
	CHECK_STR(get(h, &m, "http://h/f", 3, &r, &e),
	          "http://h/f: the server does not send the requested part of the file");
	http_close(h);
	hear(&s);
	CHECK(strstr(s.asked, "\r\nRange: bytes=3-\r\nIf-Range: \"tag\"\r\n"));
}

TEST(a_server_that_goes_quiet)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = SAY("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		                       "HTTP/1"),
		            .open_end = true };
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;
	int64_t begin = now_ms();

	CHECK_STR(get(h, &m, "http://h/f", 0, &r, &e), "h has not answered for too long");
	CHECK_STR(get(h, &m, "http://h/f", 0, &r, &e), "h has not answered for too long");
	CHECK_INT(e.kind, ERR_NETWORK);
	CHECK(now_ms() - begin < 5000);
	CHECK(stream_read(r.body ? r.body : &(struct stream){ .ended = true }, &e, 1, NULL) <=
	      0);
	http_close(h);
	hear(&s);
}

TEST(a_signal_ends_every_wait)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = SAY("HTTP/1.1 503 Busy\r\nRetry-After: 20\r\n\r\n", "") };
	struct http *h = client(&m, &s);
	struct http_reply r;
	struct err e;

	signals_catch();
	CHECK(!raise(SIGINT));
	get(h, &m, "http://h/f", 0, &r, &e);
	CHECK_INT(e.kind, ERR_INTERRUPTED);
	signal_forget();
	http_close(h);
	hear(&s);
}

TEST(through_a_proxy)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = SAY("HTTP/1.1 407 Who\r\n\r\n", "HTTP/1.1 403 No\r\n\r\n",
	                               "HTTP/1.1 200 Go\r\n\r\nearly") };
	struct http_options o = { .dial = dial_canned, .dial_arg = &s, .now = 1780315200,
	                          .proxy = "us%20er:p@proxy:3128" };
	struct http *h = http_open(&m, &o);
	struct http_reply r;
	struct err e;

	CHECK_STR(get(h, &m, "https://h/f", 0, &r, &e),
	          "the proxy proxy refuses this user and password; "
	          "set https_proxy=http://USER:PASSWORD@proxy:3128");
	CHECK_STR(get(h, &m, "https://h/f", 0, &r, &e),
	          "the proxy proxy refuses to connect to h: 403 No");
	CHECK_STR(get(h, &m, "https://h/f", 0, &r, &e),
	          "the proxy proxy sends data before h does");
	CHECK_STR(s.last_host, "proxy:3128");
	hear(&s);
	CHECK(!strstr(s.asked, "\r\nAuthorization:"));
	CHECK(str_starts(s.asked, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nUser-Agent: jlmkr/"
	                 JLMKR_VERSION "\r\nProxy-Authorization: Basic dXMgZXI6cA==\r\n\r\n"));
}

TEST(a_clock_that_was_never_set)
{
	AUTOFREE struct arena m = { 0 };
	struct server s = { .say = SAY("") };
	struct http_options o = { .dial = dial_canned, .dial_arg = &s, .now = 86400 };
	struct http *h = http_open(&m, &o);
	struct http_reply r;
	struct err e;

	CHECK_STR(get(h, &m, "https://h/f", 0, &r, &e),
	          "the clock of this machine shows a date before 2024; set it, because "
	          "certificates cannot be checked without it");
	CHECK_INT(e.kind, ERR_UNTRUSTED);
	http_close(h);
	hear(&s);
}
