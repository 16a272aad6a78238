/* The compressors, each for a whole piece at once (squeeze_pack.c) */
#ifndef ARCHIVE_SQUEEZE_IMPL_H
#define ARCHIVE_SQUEEZE_IMPL_H

#include <lzma.h>
#include <stddef.h>

#include "lib/archive/squeeze.h"

/* Of one thread; the libraries' memory is kept from one piece to the next. A zeroed one with
 * its kind set is ready. */
struct packer {
	enum squeeze_kind kind;
	void *library;
	lzma_vli unpadded;	/* of the last piece: for the index of xz */
};

/* How many bytes a piece has, and how many it can become at most. */
size_t packer_piece(enum squeeze_kind kind);
size_t packer_bound(enum squeeze_kind kind, size_t n);

/* Compress a piece; `out` has the room of packer_bound. -1: no memory. */
int packer_pack(struct packer *p, const void *in, size_t n, unsigned char *out, size_t *out_n);
void packer_free(struct packer *p);

/* What begins and ends an xz file. */
extern const lzma_stream_flags packer_xz_flags;

#endif
