/* Make data read-only that is written at the start only
 *
 * The linker puts data that changes only by relocation (tables of pointers, the
 * GOT) into a segment of its own, PT_GNU_RELRO. A dynamic loader makes it
 * read-only; the start file of musl's static-pie does not, so we do it before
 * main. If the kernel refuses, the program works as well without it. */

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

__attribute__((constructor)) static void protect_relro(void)
{
	const uintptr_t base = (uintptr_t)&__ehdr_start;
	const ElfW(Phdr) *p = (const void *)(base + __ehdr_start.e_phoff);
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (int i = 0; i < __ehdr_start.e_phnum; i++) {
		uintptr_t from = (base + p[i].p_vaddr) & ~(page - 1);
		uintptr_t to = (base + p[i].p_vaddr + p[i].p_memsz) & ~(page - 1);

		if (p[i].p_type == PT_GNU_RELRO && to > from)
			mprotect((void *)from, to - from, PROT_READ);
	}
}
