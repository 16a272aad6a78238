#include "lib/text/elf.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "tests/unit/test.h"

enum { LOADED_AT = 0x10000 };

/* A library with nothing but a name: a header, two segments, the strings. */
struct wide {
	Elf64_Ehdr head;
	Elf64_Phdr segment[2];
	Elf64_Dyn entry[3];
	char strings[32];
};

struct narrow {
	Elf32_Ehdr head;
	Elf32_Phdr segment[2];
	Elf32_Dyn entry[3];
	char strings[32];
};

#define FILL(lib, class, elf_dyn) do { \
	memcpy((lib).head.e_ident, ELFMAG, SELFMAG); \
	(lib).head.e_ident[EI_CLASS] = (class); \
	(lib).head.e_ident[EI_DATA] = ELFDATA2LSB; \
	(lib).head.e_type = ET_DYN; \
	(lib).head.e_phoff = sizeof (lib).head; \
	(lib).head.e_phentsize = sizeof (lib).segment[0]; \
	(lib).head.e_phnum = 2; \
	(lib).segment[0].p_type = PT_LOAD; \
	(lib).segment[0].p_vaddr = LOADED_AT; \
	(lib).segment[0].p_filesz = sizeof (lib); \
	(lib).segment[1].p_type = PT_DYNAMIC; \
	(lib).segment[1].p_offset = sizeof (lib).head + sizeof (lib).segment; \
	(lib).segment[1].p_filesz = sizeof (lib).entry; \
	(lib).entry[0] = (elf_dyn){ .d_tag = DT_SONAME, .d_un.d_val = 1 }; \
	(lib).entry[1].d_tag = DT_STRTAB; \
	(lib).entry[1].d_un.d_val = LOADED_AT + sizeof (lib) - sizeof (lib).strings; \
	strcpy((lib).strings + 1, "libcuda.so.1"); \
} while (0)

struct bytes {
	const void *data;
	size_t n;
};

static bool read_bytes(void *arg, uint64_t at, void *buf, size_t n)
{
	const struct bytes *b = arg;

	if (at > b->n || n > b->n - at) return false;
	memcpy(buf, (const char *)b->data + at, n);
	return true;
}

static bool name_of(const void *data, size_t n, struct elf_name *name)
{
	return elf_name(read_bytes, &(struct bytes){ data, n }, name);
}

TEST(both_classes_have_names)
{
	struct wide w = { .strings = "" };
	struct narrow n = { .strings = "" };
	struct elf_name name;

	FILL(w, ELFCLASS64, Elf64_Dyn);
	FILL(n, ELFCLASS32, Elf32_Dyn);
	CHECK(name_of(&w, sizeof w, &name));
	CHECK_STR(name.soname, "libcuda.so.1");
	CHECK(!name.is_32);
	CHECK(name_of(&n, sizeof n, &name));
	CHECK_STR(name.soname, "libcuda.so.1");
	CHECK(name.is_32);
}

TEST(what_is_cut_off_has_no_name)
{
	struct wide w = { .strings = "" };
	struct elf_name name;

	FILL(w, ELFCLASS64, Elf64_Dyn);
	for (size_t n = 0; n < sizeof w - sizeof w.strings; n++)
		CHECK(!name_of(&w, n, &name) || !name.soname[0]);
}

TEST(programs_and_lies_have_none)
{
	struct wide w = { .strings = "" };
	struct elf_name name;

	CHECK(!name_of("#!/bin/sh\necho a script is no library, however long it may be\n", 62,
	               &name));
	FILL(w, ELFCLASS64, Elf64_Dyn);
	w.entry[1].d_un.d_val = LOADED_AT + sizeof w;
	CHECK(name_of(&w, sizeof w, &name));
	CHECK_STR(name.soname, "");
	w.entry[1].d_tag = DT_NULL;
	CHECK(name_of(&w, sizeof w, &name));
	CHECK_STR(name.soname, "");
	w.head.e_phnum = 2000;
	CHECK(!name_of(&w, sizeof w, &name));
	w.head.e_phnum = 2;
	w.head.e_type = ET_EXEC;
	CHECK(!name_of(&w, sizeof w, &name));
}

TEST(an_endless_name_is_none)
{
	struct { struct wide lib; char more[400]; } w = { .lib.strings = "" };
	struct elf_name name;

	FILL(w.lib, ELFCLASS64, Elf64_Dyn);
	memset(w.lib.strings, 'x', sizeof w.lib.strings);
	memset(w.more, 'x', sizeof w.more);
	CHECK(name_of(&w, sizeof w, &name));
	CHECK_STR(name.soname, "");
}

TEST(what_a_program_needs)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr segment[3];
		Elf64_Dyn entry[5];
		char strings[64];
	} w = { .strings = "" };
	struct bytes b = { &w, sizeof w };
	AUTOFREE struct arena m = { 0 };
	struct elf_links links;

	memcpy(w.head.e_ident, ELFMAG, SELFMAG);
	w.head.e_ident[EI_CLASS] = ELFCLASS64;
	w.head.e_ident[EI_DATA] = ELFDATA2LSB;
	w.head.e_type = ET_EXEC;
	w.head.e_phoff = sizeof w.head;
	w.head.e_phentsize = sizeof w.segment[0];
	w.head.e_phnum = 3;
	w.segment[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = LOADED_AT,
	                             .p_filesz = sizeof w };
	w.segment[1] = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_filesz = sizeof w.entry,
	                             .p_offset = sizeof w.head + sizeof w.segment };
	w.segment[2] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_filesz = 11,
	                             .p_offset = sizeof w - sizeof w.strings + 24 };
	w.entry[0] = (Elf64_Dyn){ .d_tag = DT_NEEDED, .d_un.d_val = 1 };
	w.entry[1] = (Elf64_Dyn){ .d_tag = DT_NEEDED, .d_un.d_val = 11 };
	w.entry[2] = (Elf64_Dyn){ .d_tag = DT_RUNPATH, .d_un.d_val = 40 };
	w.entry[3].d_tag = DT_STRTAB;
	w.entry[3].d_un.d_val = LOADED_AT + sizeof w - sizeof w.strings;
	strcpy(w.strings + 1, "libc.so.6");
	strcpy(w.strings + 11, "libm.so.6");
	strcpy(w.strings + 24, "/lib/ld.so");
	strcpy(w.strings + 40, "/usr/lib/a:/b");
	CHECK(elf_links(read_bytes, &b, &m, &links));
	CHECK_STR(links.linker, "/lib/ld.so");
	CHECK_STR(links.search, "/usr/lib/a:/b");
	CHECK_STR(words_join(&m, words_list(&links.needed), " "), "libc.so.6 libm.so.6");

	w.segment[2].p_filesz = ELF_NAME_MAX + 1;
	w.entry[1].d_un.d_val = UINT64_MAX - 3;
	w.entry[2].d_un.d_val = 1 << 20;
	CHECK(elf_links(read_bytes, &b, &m, &links));
	CHECK_STR(links.linker, "");
	CHECK_STR(links.search, "");
	CHECK_STR(words_join(&m, words_list(&links.needed), " "), "libc.so.6");
}
