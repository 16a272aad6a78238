/* The walls around the process that unpacks an archive
 *
 * A fault in a decoder could let the archive take this process over. Then it has the new
 * directory as its root, a pipe with the archive, a pipe for its last words, 256 MiB more
 * of memory, the capabilities that giving files away takes, and the system calls of
 * filter.h. It has no network, no terminal, no way to other processes, and its memory goes
 * into no core dump. The process is a fork: it keeps what the caller had in memory.
 *
 * Left as they are: securebits and the bounding set, because they are about programs that
 * are run, and none can be; RLIMIT_FSIZE, because files with holes may be large.
 */
#ifndef ARCHIVE_CONFINE_H
#define ARCHIVE_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Bytes of private writable memory of this process, which its fork will have, too. */
uint64_t confine_memory_used(void);

/* Confine the calling process, for good. Descriptor 0 becomes `in`; 1 and 2 become `out`,
 * because the caller's stderr may be a terminal; all others are closed. The three given
 * ones must be above 2. `dir` becomes the root, and the umask 0. `with_devices`: it may
 * make the harmless ones. `used`: what confine_memory_used returned. On failure the
 * process must end; `out` is descriptor 1 already. */
int confine(int dir, int in, int out, bool with_devices, uint64_t used, struct err *e);

#endif
