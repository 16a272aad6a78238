#include "lib/text/elf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct bytes {
	const uint8_t *data;
	size_t n;
};

static bool read_bytes(void *arg, uint64_t at, void *buf, size_t n)
{
	const struct bytes *b = arg;

	if (at > b->n || n > b->n - at) return false;
	memcpy(buf, b->data + at, n);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes b = { data, n };
	AUTOFREE struct arena m = { 0 };
	struct elf_links links;
	struct elf_name name;

	if (elf_name(read_bytes, &b, &name) && strlen(name.soname) > ELF_NAME_MAX) abort();
	if (elf_links(read_bytes, &b, &m, &links) &&
	    (strlen(links.linker) > ELF_NAME_MAX || strlen(links.search) > ELF_NAME_MAX ||
	     links.needed.n > ELF_NEEDED_MAX))
		abort();
	return 0;
}
