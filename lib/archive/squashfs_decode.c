/* The three decoders, each for a whole block at once. They keep their memory from one block to
 * the next. */

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/archive/squashfs_impl.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

/* A dictionary is at most as large as a block; the rest is for liblzma itself. */
#define XZ_EXTRA (UINT64_C(1) << 20)

struct unpacker {
	enum packing packing;
	uint64_t memory;
	lzma_stream xz;
	z_stream gzip;
	bool gzip_open;
	ZSTD_DCtx *zstd;
};

static const char no_memory[] = "no memory to decode it";
static const char damaged[] = "it cannot be decoded";
static const char too_long[] = "it decodes to more bytes than it may have";

int packing_check(unsigned packing, struct err *e)
{
	static const char *const names[] = {
		[PACKED_LZMA] = "lzma", [PACKED_LZO] = "lzo", [PACKED_LZ4] = "lz4",
	};

	if (packing == PACKED_GZIP || packing == PACKED_XZ || packing == PACKED_ZSTD) return 0;
	if (packing < sizeof names / sizeof *names && names[packing])
		return fail(e, ERR_INPUT,
		            "the squashfs image is compressed with %s, which jlmkr does not "
		            "support; it supports xz, zstd and gzip", names[packing]);
	return fail(e, ERR_INPUT, "the squashfs image is compressed in an unknown way (%u)",
	            packing);
}

struct unpacker *unpacker_open(struct arena *m, enum packing packing, uint32_t block_size)
{
	struct unpacker *u = arena_alloc(m, sizeof *u);

	u->packing = packing;
	u->memory = block_size + XZ_EXTRA;
	u->xz = (lzma_stream)LZMA_STREAM_INIT;
	return u;
}

void unpacker_close(struct unpacker *u)
{
	if (!u) return;
	lzma_end(&u->xz);
	if (u->gzip_open) inflateEnd(&u->gzip);
	ZSTD_freeDCtx(u->zstd);
}

static ssize_t decode_xz(struct unpacker *u, const void *data, size_t n, void *out, size_t room,
                         const char **why)
{
	lzma_ret rc = lzma_stream_decoder(&u->xz, u->memory, 0);

	if (rc == LZMA_OK) {
		u->xz.next_in = data;
		u->xz.avail_in = n;
		u->xz.next_out = out;
		u->xz.avail_out = room;
		rc = lzma_code(&u->xz, LZMA_FINISH);
	}
	if (rc == LZMA_STREAM_END) return (ssize_t)(room - u->xz.avail_out);
	*why = rc == LZMA_MEM_ERROR ? no_memory :
	       rc == LZMA_OK && !u->xz.avail_out ? too_long : damaged;
	return -1;
}

static ssize_t decode_gzip(struct unpacker *u, const void *data, size_t n, void *out,
                           size_t room, const char **why)
{
	int rc;

	if (!u->gzip_open && inflateInit(&u->gzip) != Z_OK) return *why = no_memory, -1;
	u->gzip_open = true;
	inflateReset(&u->gzip);
	u->gzip.next_in = (z_const Bytef *)data;
	u->gzip.avail_in = (uInt)n;
	u->gzip.next_out = out;
	u->gzip.avail_out = (uInt)room;
	rc = inflate(&u->gzip, Z_FINISH);
	if (rc == Z_STREAM_END) return (ssize_t)(room - u->gzip.avail_out);
	*why = rc == Z_MEM_ERROR ? no_memory : !u->gzip.avail_out ? too_long : damaged;
	return -1;
}

static ssize_t decode_zstd(struct unpacker *u, const void *data, size_t n, void *out,
                           size_t room, const char **why)
{
	size_t rc;

	if (!u->zstd && !(u->zstd = ZSTD_createDCtx())) return *why = no_memory, -1;
	rc = ZSTD_decompressDCtx(u->zstd, out, room, data, n);
	if (!ZSTD_isError(rc)) return (ssize_t)rc;
	*why = damaged;
	return -1;
}

ssize_t unpacker_decode(struct unpacker *u, const void *data, size_t n, void *out, size_t room,
                        const char **why)
{
	ssize_t k = u->packing == PACKED_XZ ? decode_xz(u, data, n, out, room, why) :
	            u->packing == PACKED_ZSTD ? decode_zstd(u, data, n, out, room, why) :
	            decode_gzip(u, data, n, out, room, why);

	if (k == 0) *why = "it is empty";
	return k == 0 ? -1 : k;
}
