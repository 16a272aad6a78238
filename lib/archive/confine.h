/* Confine the process that unpacks an archive
 *
 * A bug in a decoder could let the archive take over this process. Then it has the new
 * directory as its root, a pipe with the archive, a pipe for its result, a limited amount of
 * memory, the capabilities that changing owners needs, and the system calls of filter.h.
 * It has no network, no terminal and no access to other processes, and no core dump
 * contains its memory. The process is a fork: it keeps the memory of the caller.
 *
 * Not changed: securebits and the bounding set, because they matter only for programs that
 * it executes, and it cannot execute any; RLIMIT_FSIZE, because files with holes may be
 * large.
 */
#ifndef ARCHIVE_CONFINE_H
#define ARCHIVE_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Bytes of private writable memory of this process, which its fork will have too. A limit is on
 * top of these: a sanitizer maps much. */
uint64_t confine_memory_used(void);

/* How much more an archive may take, and a layer: a window of zstd that is larger than 64 MiB
 * does not fit into the latter. A sanitizer keeps what was given back. */
#define CONFINE_ARCHIVE (UINT64_C(256) << 20)
#ifdef __SANITIZE_ADDRESS__
#define CONFINE_LAYER CONFINE_ARCHIVE
#else
#define CONFINE_LAYER (UINT64_C(88) << 20)
#endif

/* What the process keeps: its root, and pipes. All are above 2. */
struct confined {
	int dir;
	int in;			/* becomes descriptor 0 */
	int said;		/* 1 and 2, because the caller's stderr may be a terminal */
	int out;		/* CONFINED_OUT; -1: none */
};

enum { CONFINED_OUT = 3 };

/* Confine the calling process, for good. All other descriptors are closed. `dir` becomes the
 * root, and the umask 0. `with_devices`: allow the creation of harmless devices. `memory`: the
 * most that it may have. On failure the process must end; it may report the fault to descriptor
 * 1, which is `said` by then. */
int confine(const struct confined *to, bool with_devices, uint64_t memory, struct err *e);

#endif
