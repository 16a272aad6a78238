/* Text that the binary carries compressed: the manual, templates, authorities
 *
 * build/pack makes it of files: the size in 4 bytes, little-endian, and an .xz stream. Each
 * file is decompressed when somebody asks for it, and never before.
 */
#ifndef TEXT_PACKED_H
#define TEXT_PACKED_H

#include <stddef.h>

struct arena;

/* All of it, with a NUL behind that `*size` does not count. */
char *packed_read(struct arena *m, const char *data, const char *end, size_t *size);

#endif
