#include "lib/archive/xz.h"

#include <lzma.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/size.h"

enum { OUT_SIZE = 1 << 20, THREADS_MAX = 16 };

/* Two threads on the 24 MiB blocks of `xz -6` need 75 MiB. One thread on a dictionary of
 * 64 MiB, the largest of the presets, needs little more than 64 MiB. */
#define MEMORY_MAX (UINT64_C(80) << 20)

struct xz {
	struct pull pull;	/* first: see xz_next */
	struct pull *from;
	lzma_stream stream;
	bool input_over, over;
	uint8_t *out;
};

static int xz_fail(lzma_ret rc, struct err *e)
{
	char size[SIZE_ROOM];

	switch (rc) {
	case LZMA_BUF_ERROR:
		return fail(e, ERR_INPUT, "the archive ends too early");
	case LZMA_OPTIONS_ERROR:
		return fail(e, ERR_INPUT,
		            "the archive uses an xz feature that jlmkr does not support");
	case LZMA_MEMLIMIT_ERROR:
		return fail(e, ERR_INPUT, "the archive needs more than %s of memory to decode",
		            size_text(MEMORY_MAX, size));
	case LZMA_MEM_ERROR:
		return fail(e, ERR_HOST, "no memory to decode the archive");
	default:
		return fail(e, ERR_INPUT,
		            "the archive is damaged: its xz data cannot be decoded");
	}
}

static int read_input(struct xz *x, struct err *e)
{
	const void *data;
	ssize_t n = x->from->next(x->from, &data, e);

	if (n < 0) return -1;
	x->input_over = n == 0;
	x->stream.next_in = data;
	x->stream.avail_in = (size_t)n;
	return 0;
}

/* liblzma may consume all of its input without output; then it needs more. At the end of the
 * input it continues until all output is written. */
static ssize_t xz_next(struct pull *p, const void **data, struct err *e)
{
	struct xz *x = (struct xz *)p;
	lzma_ret rc = LZMA_OK;

	x->stream.next_out = x->out;
	x->stream.avail_out = OUT_SIZE;
	while (!x->over && x->stream.avail_out && rc == LZMA_OK) {
		if (!x->stream.avail_in && !x->input_over && read_input(x, e) < 0) return -1;
		rc = lzma_code(&x->stream, x->input_over ? LZMA_FINISH : LZMA_RUN);
		if (rc == LZMA_STREAM_END) x->over = true;
	}
	if (rc != LZMA_OK && rc != LZMA_STREAM_END) return xz_fail(rc, e);
	*data = x->out;
	return (ssize_t)(OUT_SIZE - x->stream.avail_out);
}

struct xz *xz_open(struct arena *m, struct pull *from, struct err *e)
{
	struct xz *x = arena_alloc(m, sizeof *x);
	uint32_t cores = lzma_cputhreads();
	lzma_mt options = {
		.flags = LZMA_CONCATENATED,
		.threads = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : cores,
		.memlimit_threading = MEMORY_MAX,
		.memlimit_stop = MEMORY_MAX,
	};
	lzma_ret rc;

	x->pull.next = xz_next;
	x->from = from;
	x->stream = (lzma_stream)LZMA_STREAM_INIT;
	x->out = arena_alloc(m, OUT_SIZE);
	rc = lzma_stream_decoder_mt(&x->stream, &options);
	return rc == LZMA_OK ? x : (xz_fail(rc, e), NULL);
}

struct pull *xz_out(struct xz *x)
{
	return &x->pull;
}

void xz_close(struct xz *x)
{
	if (x) lzma_end(&x->stream);
}
