#include "lib/archive/xz.h"

#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

enum { SIZE = 3 << 20, ROOM = 8 << 20 };

/* Gives what it has in pieces of one size. */
struct source {
	struct pull pull;
	const uint8_t *data;
	size_t n, piece;
};

static ssize_t source_next(struct pull *p, const void **data, struct err *e)
{
	struct source *s = (struct source *)p;
	size_t n = s->n < s->piece ? s->n : s->piece;

	(void)e;
	*data = s->data;
	s->data += n;
	s->n -= n;
	return (ssize_t)n;
}

static uint8_t *plain(struct arena *m)
{
	uint8_t *data = arena_alloc(m, SIZE);
	uint32_t x = 1;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(i % 64 ? x >> 28 : x >> 24);
	}
	return data;
}

/* In blocks of 256 KiB, as several threads would, with sizes in their headers. */
static size_t squeeze(const uint8_t *data, size_t n, uint8_t *out, uint32_t preset)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_mt how = { .threads = 2, .block_size = 256 << 10, .preset = preset,
			.check = LZMA_CHECK_CRC64 };
	size_t size;

	CHECK_INT(lzma_stream_encoder_mt(&s, &how), LZMA_OK);
	s.next_in = data;
	s.avail_in = n;
	s.next_out = out;
	s.avail_out = ROOM / 2;
	CHECK_INT(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
	size = s.total_out;
	lzma_end(&s);
	return size;
}

/* -1, or the number of bytes that came out and are those of `want`, over and over. */
static long decode(const uint8_t *data, size_t n, size_t piece, const uint8_t *want,
                   struct err *e)
{
	struct arena m = { 0 };
	struct source s = { .pull.next = source_next, .data = data, .n = n, .piece = piece };
	struct xz *x = xz_open(&m, &s.pull, e);
	const void *out;
	size_t all = 0;
	ssize_t k;

	CHECK(x);
	while ((k = xz_out(x)->next(xz_out(x), &out, e)) > 0)
		for (ssize_t i = 0; i < k; i++, all++)
			if (((const uint8_t *)out)[i] != want[all % SIZE]) CHECK(!"equal");
	if (k == 0) CHECK_INT(xz_out(x)->next(xz_out(x), &out, e), 0);
	xz_close(x);
	arena_free(&m);
	return k < 0 ? -1 : (long)all;
}

TEST(blocks_streams_and_pieces_of_any_size)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	uint8_t *data = plain(&m), *xz = arena_alloc(&m, ROOM);
	size_t n = squeeze(data, SIZE, xz, 1);

	CHECK_INT(decode(xz, n, 1 << 20, data, &e), SIZE);
	CHECK_INT(decode(xz, n, 4096, data, &e), SIZE);
	CHECK_INT(decode(xz, n, 7, data, &e), SIZE);
	n += squeeze(data, SIZE, xz + n, 0);
	CHECK_INT(decode(xz, n, 65536, data, &e), 2 * SIZE);
	memset(xz + n, 0, 8);	/* padding between and behind streams is allowed in fours */
	CHECK_INT(decode(xz, n + 8, 65536, data, &e), 2 * SIZE);
	arena_free(&m);
}

TEST(an_end_anywhere_is_told)
{
	struct arena m = { 0 };
	uint8_t *data = plain(&m), *xz = arena_alloc(&m, ROOM);
	size_t n = squeeze(data, SIZE, xz, 0);

	for (size_t cut = 1; cut < n; cut += n / 40 + 1) {
		struct err e = { 0 };

		CHECK_INT(decode(xz, n - cut, 65536, data, &e), -1);
		CHECK_STR(e.text, "the archive ends too early");
	}
	arena_free(&m);
}

TEST(damage_and_strange_ends_are_told)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	uint8_t *data = plain(&m), *xz = arena_alloc(&m, ROOM);
	size_t n = squeeze(data, SIZE, xz, 0);

	xz[n / 2] ^= 1;
	CHECK_INT(decode(xz, n, 65536, data, &e), -1);
	CHECK(strstr(e.text, "damaged"));
	xz[n / 2] ^= 1;
	memcpy(xz + n, "behind the end", 14);
	CHECK_INT(decode(xz, n + 14, 65536, data, &e), -1);
	CHECK(strstr(e.text, "damaged"));
	arena_free(&m);
}

TEST(too_much_memory_is_refused)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	uint8_t *xz = arena_alloc(&m, 4096), in[] = "text";
	lzma_options_lzma lzma;
	lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &lzma }, { LZMA_VLI_UNKNOWN, NULL } };
	lzma_stream s = LZMA_STREAM_INIT;

	CHECK(!lzma_lzma_preset(&lzma, 0));
	lzma.dict_size = 128 << 20;
	CHECK_INT(lzma_stream_encoder(&s, filters, LZMA_CHECK_CRC32), LZMA_OK);
	s.next_in = in;
	s.avail_in = sizeof in;
	s.next_out = xz;
	s.avail_out = 4096;
	CHECK_INT(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
	CHECK_INT(decode(xz, s.total_out, 65536, in, &e), -1);
	CHECK(strstr(e.text, "memory"));
	lzma_end(&s);
	arena_free(&m);
}
