/* Make read-only what only the start had to write
 *
 * The linker sets a part of the data aside (PT_GNU_RELRO: tables of pointers,
 * the GOT) that needs relocation and no change after it. A dynamic loader
 * protects it; musl's start file of a static-pie, which is its own loader,
 * does not, so it is done here, before main. If the kernel refuses, nothing is
 * worse than before. */

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
