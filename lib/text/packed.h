/* Text that the binary carries compressed: the manual, templates, authorities
 *
 * Made by build/pack: the size in 4 bytes, little-endian, and an .xz stream. It is decompressed
 * when somebody asks for it, and never before. Several files are one text, which build/bundle
 * makes.
 */
#ifndef TEXT_PACKED_H
#define TEXT_PACKED_H

#include <stddef.h>

struct arena;

/* All of it, with a NUL behind that `*size` does not count. */
char *packed_read(struct arena *m, const char *data, const char *end, size_t *size);

struct packed_file {
	const char *name;	/* without a folder and an ending */
	const char *text;
};

/* The files in it, in the order of their names, ended by one without a name. */
const struct packed_file *packed_files(struct arena *m, const char *data, const char *end);

/* The text of the file of that name; NULL if there is none. */
const char *packed_text(struct arena *m, const char *data, const char *end, const char *name);

#endif
