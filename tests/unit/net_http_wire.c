#include "lib/net/http_wire.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static struct http_head parse(struct arena *m, const char *text)
{
	struct http_head h;
	struct err e = { 0 };

	CHECK_INT(http_head_size(text, strlen(text)), strlen(text));
	if (http_head_parse(m, text, strlen(text), &h, &e) < 0) CHECK_STR(e.text, "no fault");
	return h;
}

static void refuses(const char *text)
{
	AUTOFREE struct arena m = { 0 };
	struct http_head h;
	struct err e = { 0 };

	if (!http_head_parse(&m, text, strlen(text), &h, &e)) CHECK_STR(text, "refused");
	CHECK_INT(e.kind, ERR_NETWORK);
}

TEST(a_plain_head)
{
	AUTOFREE struct arena m = { 0 };
	struct http_head h =
		parse(&m, "HTTP/1.1 200 OK fine\r\nContent-Length: 12\r\n"
	                  "ETag:  \"x y\" \r\nlast-modified:a\r\nLOCATION: /b\r\n\r\n");

	CHECK_INT(h.status, 200);
	CHECK_STR(h.reason, "OK fine");
	CHECK_INT(h.length, 12);
	CHECK_STR(h.etag, "\"x y\"");
	CHECK_STR(h.last_modified, "a");
	CHECK_STR(h.location, "/b");
	CHECK(h.keep_alive && !h.chunked);
	CHECK_INT(h.retry_after, -1);
	CHECK_INT(h.range_from, -1);
}

TEST(bare_newlines_and_no_reason)
{
	AUTOFREE struct arena m = { 0 };
	struct http_head h = parse(&m, "HTTP/1.0 404\nConnection: Keep-Alive, x\n\n");

	CHECK_INT(h.status, 404);
	CHECK_STR(h.reason, "");
	CHECK(h.keep_alive);
	CHECK_INT(h.length, -1);
	CHECK(!parse(&m, "HTTP/1.0 200 OK\r\n\r\n").keep_alive);
	CHECK(!parse(&m, "HTTP/1.1 200 OK\r\nConnection: x, close\r\n\r\n").keep_alive);
	CHECK(parse(&m, "HTTP/1.1 200 OK\r\nConnection: closed\r\n\r\n").keep_alive);
}

TEST(ranges)
{
	AUTOFREE struct arena m = { 0 };
	struct http_head h =
		parse(&m, "HTTP/1.1 206 P\r\nContent-Range: bytes 5-9/100\r\n\r\n");

	CHECK_INT(h.range_from, 5);
	CHECK_INT(h.range_total, 100);
	h = parse(&m, "HTTP/1.1 206 P\r\nContent-Range: bytes 5-9/*\r\n\r\n");
	CHECK_INT(h.range_from, 5);
	CHECK_INT(h.range_total, -1);
	h = parse(&m, "HTTP/1.1 416 R\r\nContent-Range: bytes */100\r\n\r\n");
	CHECK_INT(h.range_from, -1);
	CHECK_INT(h.range_total, 100);
	refuses("HTTP/1.1 206 P\r\nContent-Range: bytes 9-5/100\r\n\r\n");
	refuses("HTTP/1.1 206 P\r\nContent-Range: bytes 9\r\n\r\n");
	refuses("HTTP/1.1 206 P\r\nContent-Range: lines 5-9/100\r\n\r\n");
}

#define NOON "Tue, 24 Nov 2026 12:00:00 GMT"

TEST(retry_after)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_INT(parse(&m, "HTTP/1.1 503 B\r\nRetry-After: 7\r\n\r\n").retry_after, 7);
	CHECK_INT(parse(&m, "HTTP/1.1 503 B\r\nRetry-After: Mon, 1 Jan\r\n\r\n").retry_after,
	          -1);
	CHECK_INT(parse(&m, "HTTP/1.1 503 B\r\nRetry-After: " NOON "\r\n\r\n").retry_after, -1);
	CHECK_INT(parse(&m, "HTTP/1.1 503 B\r\nRetry-After: " NOON "\r\nDate: Tue, 24 Nov 2026 "
	                "11:59:48 GMT\r\n\r\n").retry_after, 12);
	CHECK_INT(parse(&m, "HTTP/1.1 503 B\r\nRetry-After: " NOON "\r\nDate: Wed, 25 Nov 2026 "
	                "11:59:48 GMT\r\n\r\n").retry_after, 0);
}

TEST(chunks_win_over_a_length)
{
	AUTOFREE struct arena m = { 0 };
	struct http_head h = parse(&m, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
	                           "Transfer-Encoding: Chunked\r\n\r\n");

	CHECK(h.chunked && !h.keep_alive);
	CHECK_INT(h.length, -1);
}

TEST(what_is_refused)
{
	AUTOFREE struct arena m = { 0 };
	struct str many = { .m = &m };
	int i;

	refuses("");
	refuses("SSH-2.0-x\r\n\r\n");
	refuses("HTTP/2 200 OK\r\n\r\n");
	refuses("HTTP/1.1 99 OK\r\n\r\n");
	refuses("HTTP/1.1 600 OK\r\n\r\n");
	refuses("HTTP/1.1 2x0 OK\r\n\r\n");
	refuses("HTTP/1.1 200 O\x01K\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nno header\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nA : b\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\n: b\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
	refuses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
	        "chunked\r\n\r\n");
	str_add(&many, "HTTP/1.1 200 OK\r\n");
	for (i = 0; i <= HTTP_FIELDS_MAX; i++)
		str_add(&many, "A: b\r\n");
	str_add(&many, "\r\n");
	refuses(str_text(&many));
}

TEST(a_nul_in_the_head)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n";
	AUTOFREE struct arena m = { 0 };
	struct http_head h;

	CHECK(http_head_parse(&m, text, sizeof text - 1, &h, NULL) < 0);
}

TEST(where_a_head_ends)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n";
	size_t n, head = strlen(text) - strlen("body\r\n\r\n");

	for (n = 0; n < head; n++)
		CHECK_INT(http_head_size(text, n), 0);
	for (; n < sizeof text; n++)
		CHECK_INT(http_head_size(text, n), head);
}

/* The data of a chunked text that comes in pieces of `step`; how it ended is told
 * behind it: '.' ended, '!' refused, '~' wants more. */
static const char *unchunk(struct arena *m, const char *text, size_t step)
{
	struct http_chunks c = { 0 };
	struct str out = { .m = m };
	size_t n = strlen(text), at = 0, have, k;
	int64_t framing;

	while (at < n && !c.ended) {
		have = n - at < step ? n - at : step;
		if ((framing = http_chunks_step(&c, text + at, have, NULL)) < 0) {
			str_addc(&out, '!');
			return str_text(&out);
		}
		at += (size_t)framing;
		have -= (size_t)framing;
		k = have < c.left ? have : (size_t)c.left;
		str_addn(&out, text + at, k);
		c.left -= k;
		at += k;
	}
	str_addc(&out, c.ended ? '.' : '~');
	return str_text(&out);
}

static void chunks(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	size_t step;

	for (step = 1; step < 40; step++)
		CHECK_STR(unchunk(&m, text, step), want);
}

TEST(chunked_bodies)
{
	chunks("5\r\nhello\r\n0\r\n\r\n", "hello.");
	chunks("5\nhello\n0\n\n", "hello.");
	chunks("0A;x=\"y\"\r\n0123456789\r\n1 \r\nx\r\n000\r\n\r\n", "0123456789x.");
	chunks("1\r\na\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", "a.");
	chunks("10\r\n0123456789abcdef\r\n", "0123456789abcdef~");
	chunks("5\r\nhel", "hel~");
}

TEST(chunks_that_are_none)
{
	chunks("\r\n", "!");
	chunks("x\r\n", "!");
	chunks(";x\r\n", "!");
	chunks("-1\r\n", "!");
	chunks("5\r\nhello5\r\n", "hello!");
	chunks("5\r\nhello\r\r\n", "hello!");
	chunks("fffffffffffffffff\r\n", "!");
	chunks("1x\r\na", "!");
}

TEST(too_much_between_chunks)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	int i;

	str_add(&s, "1;");
	for (i = 0; i < 5000; i++)
		str_addc(&s, 'x');
	CHECK_STR(unchunk(&m, str_text(&s), 100), "!");
	s = (struct str){ .m = &m };
	str_add(&s, "0\r\n");
	for (i = 0; i < 5000; i++)
		str_add(&s, "a: b\r\n");
	CHECK_STR(unchunk(&m, str_text(&s), 100), "!");
}
