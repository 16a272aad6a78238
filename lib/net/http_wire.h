/* HTTP/1.1 as bytes: the head of an answer, and chunks
 *
 * No I/O. RFC 9112, read strictly: what two programs could understand differently
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
	const char *reason;		/* as the server put it */
	bool keep_alive;
	bool chunked;
	int64_t length;			/* of what follows; -1 when not told */
	int64_t range_from;		/* of a 206; -1 when not told */
	int64_t range_total;		/* size of the whole file; -1 when not told */
	int64_t retry_after;		/* seconds, by the server's clock; -1 when not told */
	int64_t date, retry_at;		/* seconds since 1970; -1 when not told */
	const char *location, *etag, *last_modified;	/* NULL when absent */
};

/* How many bytes of `text` the head takes, with the empty line: 0 when it is not
 * complete yet. */
size_t http_head_size(const char *text, size_t n);

int http_head_parse(struct arena *m, const char *text, size_t n, struct http_head *h,
                    struct err *e);

/* Where a chunked body stands. A zeroed one is at the beginning. */
struct http_chunks {
	uint64_t left;			/* data bytes of this chunk that are to come */
	uint64_t size;			/* of the next chunk, as far as its line is read */
	unsigned state;
	unsigned overhead;		/* of the present line or trailer, for its limit */
	bool digit;
	bool ended;
};

/* Pass over framing. Returns how many bytes of `in` were framing; behind them
 * come `c->left` bytes of data; 0 means that more framing is to come, or the end.
 * When data have been taken, the caller lowers `left`. -1 on a fault. */
int64_t http_chunks_step(struct http_chunks *c, const char *in, size_t n, struct err *e);

#endif
