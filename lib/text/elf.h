/* What a shared library calls itself: the SONAME in an ELF file
 *
 * Just that and the class, for the machine's own byte order. The file is hostile: all
 * it says is bounded and checked, and it is read in small pieces, because libraries of
 * drivers are large. Format: elf(5), the System V gABI chapter 5.
 */
#ifndef TEXT_ELF_H
#define TEXT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ELF_NAME_MAX = 255 };

struct elf_name {
	bool is_32;
	char soname[ELF_NAME_MAX + 1];	/* "" when it has none */
};

/* Fill `buf` with the `n` bytes at `at`; false when they are not there. */
typedef bool elf_read(void *arg, uint64_t at, void *buf, size_t n);

/* False when it is no shared library of this machine's byte order. */
bool elf_name(elf_read *read, void *arg, struct elf_name *out);

#endif
