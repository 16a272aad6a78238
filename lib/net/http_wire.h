/* Parse HTTP/1.1: the head of an answer, and chunks
 *
 * No I/O. RFC 9112, read strictly: a head that two programs could read differently
 * (folded lines, two lengths that differ, spaces before the colon, control
 * characters) is refused with ERR_NETWORK.
 */
#ifndef NET_HTTP_WIRE_H
#define NET_HTTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum { HTTP_HEAD_MAX = 32 * 1024, HTTP_FIELDS_MAX = 128 };

#define HTTP_LENGTH_MAX (INT64_C(1) << 50)

struct http_head {
	int status;
	const char *reason;		/* the server's text */
	bool keep_alive;
	bool chunked;
	/* -1: absent. */
	int64_t length;			/* of the body, in bytes */
	int64_t range_from;		/* of a 206 */
	int64_t range_total;		/* the size of the whole file */
	int64_t retry_after;		/* seconds, by the server's clock */
	int64_t date, retry_at;		/* seconds since 1970 */
	const char *location, *etag, *last_modified;	/* NULL: absent */
	const char *authenticate;	/* the first challenge, or that for Bearer; or NULL */
};

/* The size of the head at the begin of `text`, including the empty line; 0: it is not complete
 * yet. */
size_t http_head_size(const char *text, size_t n);

int http_head_parse(struct arena *m, const char *text, size_t n, struct http_head *h,
                    struct err *e);

/* The position in a chunked body. A zeroed one is at the begin. */
struct http_chunks {
	uint64_t left;			/* data bytes of this chunk that are still to come */
	uint64_t size;			/* of the next chunk, while its line is being read */
	unsigned state;
	unsigned overhead;		/* bytes of the current line or trailer */
	bool digit;
	bool ended;
};

/* Skip framing. Returns how many bytes of `in` were framing, or -1. `c->left` bytes of data
 * follow; 0 means that more framing follows, or the end. The caller subtracts from `left` the
 * data that it takes. */
int64_t http_chunks_step(struct http_chunks *c, const char *in, size_t n, struct err *e);

#endif
