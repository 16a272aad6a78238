/* The SONAME of a shared library and its class, and what a program needs to be run
 *
 * Only files in the machine's own byte order are read. The file is hostile: every
 * number in it is bounded and checked. It is read in small pieces, because libraries
 * of drivers are large. Format: elf(5), the System V gABI chapter 5.
 */
#ifndef TEXT_ELF_H
#define TEXT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"

enum { ELF_NAME_MAX = 255, ELF_NEEDED_MAX = 64 };

struct elf_name {
	bool is_32;
	char soname[ELF_NAME_MAX + 1];	/* "": it has none, or a too long one */
};

/* Fill `buf` with the `n` bytes at `at` of the file; false if it is shorter. */
typedef bool elf_read(void *arg, uint64_t at, void *buf, size_t n);

/* Returns false if the file is not a shared library of this machine's byte order. */
bool elf_name(elf_read *read, void *arg, struct elf_name *out);

/* Names that are too long, and what is needed beyond ELF_NEEDED_MAX, are left out. */
struct elf_links {
	char linker[ELF_NAME_MAX + 1];	/* a path, of the dynamic linker; "": none */
	char search[ELF_NAME_MAX + 1];	/* directories to look in first, "A:B"; "": none */
	struct words needed;		/* libraries, by name */
};

/* Returns false if the file is not a program or library of this machine's byte order. The words
 * are in `m`. */
bool elf_links(elf_read *read, void *arg, struct arena *m, struct elf_links *out);

#endif
