/* Packed relocations, before main
 *
 * A static-pie has thousands of pointers to itself, and the linker writes where they are: 58
 * KiB as a list, 1 KiB packed (DT_RELR of the ELF specification: an even word is the address of
 * a pointer, an odd one a bitmap of those behind it). musl relocates a program with the list,
 * and with the packed form from 1.2.4 on. So the program begins here, and goes on with musl's
 * _start.
 *
 * Nothing here may be a pointer that needs to be relocated, or use the stack protector, which
 * is not there yet. For any other libc or processor this file is empty. */

#include <elf.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#if defined __x86_64__ && !defined __GLIBC__

enum { RELR_SIZE = 35, RELR = 36 };	/* DT_RELRSZ and DT_RELR, which elf.h may lack */
enum { BITMAP = sizeof(uintptr_t) * CHAR_BIT - 1 };

/* Of the linker. */
extern const Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

__attribute__((used, no_stack_protector)) static void relr_apply(void)
{
	const uintptr_t base = (uintptr_t)__ehdr_start;
	const uintptr_t *packed = NULL;
	uintptr_t *at = NULL;
	size_t n = 0;

	for (const Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == RELR) packed = (const uintptr_t *)(base + d->d_un.d_ptr);
		if (d->d_tag == RELR_SIZE) n = d->d_un.d_val / sizeof *packed;
	}
	for (size_t i = 0; i < n; i++) {
		if (packed[i] % 2 == 0) {
			at = (uintptr_t *)(base + packed[i]);
			*at++ += base;
			continue;
		}
		for (size_t bit = 0; bit < BITMAP; bit++)
			if (packed[i] >> (bit + 1) & 1) at[bit] += base;
		at += BITMAP;
	}
}

/* As the kernel leaves the stack, so has _start to find it. */
__asm__(".text\n"
        ".globl relr_start\n"
        ".type relr_start, @function\n"
        "relr_start:\n"
        "	xor %ebp, %ebp\n"
        "	call relr_apply\n"
        "	jmp _start\n");

#endif
