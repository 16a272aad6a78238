#include "lib/net/http_wire.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

size_t http_head_size(const char *text, size_t n)
{
	const char *p = text, *end = text + n;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		p++;
		if (p < end && *p == '\n') return (size_t)(p - text) + 1;
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n') return (size_t)(p - text) + 2;
	}
	return 0;
}

static bool is_token(const char *s)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
	                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *s && !s[strspn(s, token)];
}

/* Returns -1 if the text is not all decimal digits, or the number is too large. */
static int64_t parse_decimal(const char *s, size_t n)
{
	int64_t v = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || v > HTTP_LENGTH_MAX) return -1;
		v = v * 10 + (s[i] - '0');
	}
	return n && v <= HTTP_LENGTH_MAX ? v : -1;
}

static int parse_status(char *line, struct http_head *h, struct err *e)
{
	bool minor_0 = !strncmp(line, "HTTP/1.0 ", 9);

	if (!minor_0 && strncmp(line, "HTTP/1.1 ", 9))
		return fail(e, ERR_NETWORK, "the answer is not HTTP/1.1: '%.40s'", line);
	h->keep_alive = !minor_0;
	h->status = (int)parse_decimal(line + 9, strcspn(line + 9, " "));
	if (h->status < 100 || h->status > 599)
		return fail(e, ERR_NETWORK, "the answer has no status: '%.40s'", line);
	h->reason = line + 12 + strspn(line + 12, " ");
	return 0;
}

/* "bytes 100-199/1000", the total may be '*' */
static int parse_range(const char *v, struct http_head *h, struct err *e)
{
	size_t from, to, total;

	if (!strncasecmp(v, "bytes */", 8)) {
		h->range_total = parse_decimal(v + 8, strlen(v + 8));
		return 0;
	}
	if (strncasecmp(v, "bytes ", 6)) goto bad;
	v += 6;
	from = strcspn(v, "-");
	if (!v[from]) goto bad;
	to = strcspn(v + from + 1, "/");
	if (!v[from + 1 + to]) goto bad;
	h->range_from = parse_decimal(v, from);
	total = strlen(v + from + to + 2);
	h->range_total = parse_decimal(v + from + to + 2, total);
	if (h->range_from < 0 || parse_decimal(v + from + 1, to) < h->range_from) goto bad;
	return 0;
bad:
	return fail(e, ERR_NETWORK,
	            "the answer has an invalid Content-Range: '%.40s'", v);
}

static int parse_length(const char *v, struct http_head *h, struct err *e)
{
	int64_t length = parse_decimal(v, strlen(v));

	if (length < 0 || (h->length >= 0 && h->length != length))
		return fail(e, ERR_NETWORK,
		            "the answer has an invalid Content-Length: '%.40s'", v);
	h->length = length;
	return 0;
}

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, ",")) {
		list += strspn(list, ", \t");
		if (!strncasecmp(list, word, n) && strchr(", \t", list[n])) return true;
	}
	return false;
}

static int parse_coding(const char *v, struct http_head *h, struct err *e)
{
	if (strcasecmp(v, "chunked") || h->chunked)
		return fail(e, ERR_NETWORK, "the answer is in an unknown coding: '%.40s'", v);
	h->chunked = true;
	return 0;
}

/* The only form that servers may send today (RFC 9110, 5.6.7). */
static int64_t parse_date(const char *v)
{
	struct tm tm = { 0 };
	const char *end = strptime(v, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	return end && !*end ? (int64_t)timegm(&tm) : -1;
}

static int parse_field(const char *name, const char *v, struct http_head *h, struct err *e)
{
	if (!strcasecmp(name, "content-length")) return parse_length(v, h, e);
	if (!strcasecmp(name, "transfer-encoding")) return parse_coding(v, h, e);
	if (!strcasecmp(name, "content-range")) return parse_range(v, h, e);
	if (!strcasecmp(name, "location")) h->location = v;
	if (!strcasecmp(name, "etag")) h->etag = v;
	if (!strcasecmp(name, "last-modified")) h->last_modified = v;
	if (!strcasecmp(name, "www-authenticate") &&
	    (!h->authenticate || !strncasecmp(v, "bearer ", 7)))
		h->authenticate = v;
	if (!strcasecmp(name, "date")) h->date = parse_date(v);
	if (!strcasecmp(name, "retry-after")) {
		h->retry_after = parse_decimal(v, strlen(v));
		h->retry_at = parse_date(v);
	}
	if (!strcasecmp(name, "connection")) {
		if (has_word(v, "close")) h->keep_alive = false;
		else if (has_word(v, "keep-alive")) h->keep_alive = true;
	}
	return 0;
}

/* Cut the first line off the rest, and its CR LF and trailing spaces off the line. */
static char *take_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');
	size_t n;

	if (!end) return NULL;
	*rest = end + 1;
	*end = 0;
	n = strlen(line);
	while (n && strchr("\r \t", line[n - 1]))
		line[--n] = 0;
	return line;
}

static bool is_clean_line(const char *line)
{
	for (; *line; line++)
		if (((unsigned char)*line < ' ' && *line != '\t') || *line == 0x7f)
			return false;
	return true;
}

static int parse_fields(char *rest, struct http_head *h, struct err *e)
{
	unsigned fields = 0;
	char *line, *colon;

	while ((line = take_line(&rest)) && *line) {
		colon = strchr(line, ':');
		if (colon) *colon = 0;
		if (!colon || !is_token(line) || !is_clean_line(colon + 1))
			return fail(e, ERR_NETWORK,
			            "the answer has a line that is not a header: '%.40s'",
			            line);
		if (++fields > HTTP_FIELDS_MAX)
			return fail(e, ERR_NETWORK, "the answer has more than %d headers",
			            HTTP_FIELDS_MAX);
		if (parse_field(line, colon + 1 + strspn(colon + 1, " \t"), h, e) < 0)
			return -1;
	}
	return 0;
}

int http_head_parse(struct arena *m, const char *text, size_t n, struct http_head *h,
                    struct err *e)
{
	char *rest = arena_alloc(m, n + 1), *line;

	*h = (struct http_head){ .length = -1, .range_from = -1, .range_total = -1,
	                         .retry_after = -1, .date = -1, .retry_at = -1 };
	memcpy(rest, text, n);
	if (strlen(rest) != n)
		return fail(e, ERR_NETWORK, "the answer has a NUL in its head");
	if (!(line = take_line(&rest)) || !is_clean_line(line))
		return fail(e, ERR_NETWORK, "the answer is not HTTP");
	if (parse_status(line, h, e) < 0 || parse_fields(rest, h, e) < 0) return -1;
	if (h->date >= 0 && h->retry_at >= 0)
		h->retry_after = h->retry_at > h->date ? h->retry_at - h->date : 0;
	/* RFC 9112, 6.3: with both, the length is ignored and the connection not used again. */
	if (h->chunked && h->length >= 0) {
		h->length = -1;
		h->keep_alive = false;
	}
	return 0;
}

enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_AFTER, TRAILER_START, TRAILER_LINE };
enum { CHUNK_LINE_MAX = 4096, TRAILER_MAX = 16 * 1024 };

static int bad_chunk(struct err *e)
{
	return fail(e, ERR_NETWORK, "the answer has an invalid chunk");
}

static int end_size_line(struct http_chunks *c, struct err *e)
{
	if (!c->digit) return bad_chunk(e);
	c->state = c->size ? CHUNK_DATA : TRAILER_START;
	c->left = c->size;
	c->size = 0;
	c->digit = false;
	c->overhead = 0;
	return 0;
}

static int size_byte(struct http_chunks *c, char in, struct err *e)
{
	int digit = hex_value(in);

	if (in == '\n') return end_size_line(c, e);
	if (digit < 0) {
		if (!c->digit || !strchr(";\r \t", in) || !in) return bad_chunk(e);
		c->state = CHUNK_EXTENSION;
		return 0;
	}
	if (c->size > HTTP_LENGTH_MAX >> 4) return bad_chunk(e);
	c->size = c->size << 4 | (unsigned)digit;
	c->digit = true;
	return 0;
}

static int framing_byte(struct http_chunks *c, char in, struct err *e)
{
	unsigned limit = c->state >= TRAILER_START ? TRAILER_MAX : CHUNK_LINE_MAX;

	if (++c->overhead > limit)
		return fail(e, ERR_NETWORK, "the answer has too many bytes between its chunks");
	switch (c->state) {
	case CHUNK_SIZE:
		return size_byte(c, in, e);
	case CHUNK_EXTENSION:
		return in == '\n' ? end_size_line(c, e) : 0;
	case CHUNK_AFTER:
		if (in == '\r' && c->overhead == 1) return 0;
		if (in != '\n') return bad_chunk(e);
		c->state = CHUNK_SIZE;
		c->overhead = 0;
		return 0;
	case TRAILER_START:
		if (in == '\r') return 0;
		if (in == '\n') c->ended = true;
		else c->state = TRAILER_LINE;
		return 0;
	}
	if (in == '\n') c->state = TRAILER_START;
	return 0;
}

int64_t http_chunks_step(struct http_chunks *c, const char *in, size_t n, struct err *e)
{
	size_t i;

	if (c->state == CHUNK_DATA && !c->left) c->state = CHUNK_AFTER;
	for (i = 0; i < n && !c->ended && c->state != CHUNK_DATA; i++)
		if (framing_byte(c, in[i], e) < 0) return -1;
	return (int64_t)i;
}
