/* ZSTD_compress_advanced needs neither the table of levels nor the code for streams. */
#define ZSTD_STATIC_LINKING_ONLY
#define ZSTD_DISABLE_DEPRECATE_WARNINGS
#include <zstd.h>

#include <string.h>
#include <zlib.h>

#include "lib/archive/squeeze_impl.h"

enum { MIB = 1 << 20, ZSTD_PIECE = 2 * MIB, GZIP_PIECE = 2 * MIB, XZ_PIECE = 8 * MIB,
       XZ_PRESET = 6, XZ_DICT = 4 * MIB, GZIP_LEVEL = 6, GZIP_BITS = 15 + 16, GZIP_MEM = 8 };

const lzma_stream_flags packer_xz_flags = { .check = LZMA_CHECK_CRC64 };

/* -- seals -- */

/* A frame that decoders skip, of 32 bytes (RFC 8878, 3.1.2). */
static const unsigned char zstd_head[] = { 0x50, 0x2a, 0x4d, 0x18, SHA256_SIZE, 0, 0, 0 };

/* A member without contents, with an extra field "JK" (RFC 1952). */
static const unsigned char gzip_head[] = { 0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff,
					   SHA256_SIZE + 4, 0, 'J', 'K', SHA256_SIZE, 0 };
static const unsigned char gzip_tail[] = { 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

const struct squeeze_seal *squeeze_seal(enum squeeze_kind kind)
{
	static const struct squeeze_seal zstd = { zstd_head, NULL, sizeof zstd_head, 0 };
	static const struct squeeze_seal gzip = { gzip_head, gzip_tail, sizeof gzip_head,
						  sizeof gzip_tail };

	return kind == SQUEEZE_ZSTD ? &zstd : kind == SQUEEZE_GZIP ? &gzip : NULL;
}

/* -- pieces -- */

size_t packer_piece(enum squeeze_kind kind)
{
	return kind == SQUEEZE_ZSTD ? ZSTD_PIECE : kind == SQUEEZE_XZ ? XZ_PIECE : GZIP_PIECE;
}

/* Of gzip: what deflateBound says for these settings, at most. */
size_t packer_bound(enum squeeze_kind kind, size_t n)
{
	if (kind == SQUEEZE_ZSTD) return ZSTD_COMPRESSBOUND(n);
	return kind == SQUEEZE_XZ ? lzma_block_buffer_bound(n) : n + n / 1000 + 1024;
}

/* The fastest of the usual levels. */
static int pack_zstd(struct packer *p, const void *in, size_t n, unsigned char *out,
                     size_t *out_n)
{
	const ZSTD_parameters how = {
		.cParams = { .windowLog = 19, .chainLog = 13, .hashLog = 14, .searchLog = 1,
			     .minMatch = 7, .targetLength = 0, .strategy = ZSTD_fast },
		.fParams = { .contentSizeFlag = 1, .checksumFlag = 1, .noDictIDFlag = 1 },
	};

	if (!p->library && !(p->library = ZSTD_createCCtx())) return -1;
	*out_n = ZSTD_compress_advanced(p->library, out, ZSTD_COMPRESSBOUND(n), in, n, NULL, 0,
	                                how);
	return ZSTD_isError(*out_n) ? -1 : 0;
}

static int pack_xz(struct packer *p, const void *in, size_t n, unsigned char *out,
                   size_t *out_n)
{
	lzma_options_lzma lzma;
	lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &lzma }, { LZMA_VLI_UNKNOWN, NULL } };
	lzma_block block = { .check = packer_xz_flags.check, .filters = filters };

	*out_n = 0;
	if (lzma_lzma_preset(&lzma, XZ_PRESET)) return -1;
	lzma.dict_size = XZ_DICT;
	if (lzma_block_buffer_encode(&block, NULL, in, n, out, out_n,
	                             lzma_block_buffer_bound(n)) != LZMA_OK)
		return -1;
	p->unpadded = lzma_block_unpadded_size(&block);
	return 0;
}

static int pack_gzip(const void *in, size_t n, unsigned char *out, size_t *out_n)
{
	z_stream s = { 0 };
	int rc;

	if (deflateInit2(&s, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, GZIP_MEM, 0) != Z_OK) return -1;
	s.next_in = (unsigned char *)in;
	s.avail_in = (unsigned)n;
	s.next_out = out;
	s.avail_out = (unsigned)packer_bound(SQUEEZE_GZIP, n);
	rc = deflate(&s, Z_FINISH);
	*out_n = s.total_out;
	deflateEnd(&s);
	return rc == Z_STREAM_END ? 0 : -1;
}

int packer_pack(struct packer *p, const void *in, size_t n, unsigned char *out, size_t *out_n)
{
	switch (p->kind) {
	case SQUEEZE_ZSTD: return pack_zstd(p, in, n, out, out_n);
	case SQUEEZE_XZ: return pack_xz(p, in, n, out, out_n);
	default: return pack_gzip(in, n, out, out_n);
	}
}

void packer_free(struct packer *p)
{
	if (p->kind == SQUEEZE_ZSTD) ZSTD_freeCCtx(p->library);
}
