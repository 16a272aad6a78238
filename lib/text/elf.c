#include "lib/text/elf.h"

#include <elf.h>
#include <string.h>

enum { HEADERS = 128, ENTRIES = 4096 };

/* The two classes differ only in the width of their numbers; here all are wide. */
struct segment {
	uint32_t type;
	uint64_t at, address, size;
};

struct file {
	elf_read *read;
	void *arg;
	bool is_32;
	uint64_t headers_at;
	unsigned header_count;
	struct segment segments[HEADERS];
	uint64_t name, strings;
	bool has_name, has_strings;
};

static bool is_elf_of_host(const unsigned char *ident)
{
	const uint16_t probe = 1;
	unsigned char first;

	memcpy(&first, &probe, 1);
	return !memcmp(ident, ELFMAG, SELFMAG) &&
	       ident[EI_DATA] == (first ? ELFDATA2LSB : ELFDATA2MSB);
}

static bool read_elf_header(struct file *f)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	unsigned entry, type;

	if (!f->read(f->arg, 0, &narrow, sizeof narrow) || !is_elf_of_host(narrow.e_ident))
		return false;
	f->is_32 = narrow.e_ident[EI_CLASS] == ELFCLASS32;
	if (f->is_32) {
		f->headers_at = narrow.e_phoff;
		f->header_count = narrow.e_phnum;
		entry = narrow.e_phentsize;
		type = narrow.e_type;
	} else {
		if (!f->read(f->arg, 0, &wide, sizeof wide)) return false;
		f->headers_at = wide.e_phoff;
		f->header_count = wide.e_phnum;
		entry = wide.e_phentsize;
		type = wide.e_type;
	}
	return type == ET_DYN && f->header_count <= HEADERS &&
	       entry == (f->is_32 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr));
}

static bool read_segment(struct file *f, unsigned i)
{
	struct segment *s = &f->segments[i];
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (f->is_32) {
		if (!f->read(f->arg, f->headers_at + i * sizeof narrow, &narrow, sizeof narrow))
			return false;
		*s = (struct segment){ narrow.p_type, narrow.p_offset, narrow.p_vaddr,
		                      narrow.p_filesz };
	} else {
		if (!f->read(f->arg, f->headers_at + i * sizeof wide, &wide, sizeof wide))
			return false;
		*s = (struct segment){ wide.p_type, wide.p_offset, wide.p_vaddr,
		                      wide.p_filesz };
	}
	return true;
}

static void take_dynamic(struct file *f, int64_t tag, uint64_t value)
{
	if (tag == DT_SONAME) {
		f->name = value;
		f->has_name = true;
	} else if (tag == DT_STRTAB) {
		f->strings = value;
		f->has_strings = true;
	}
}

static void read_dynamic(struct file *f, const struct segment *s)
{
	size_t size = f->is_32 ? sizeof(Elf32_Dyn) : sizeof(Elf64_Dyn);
	Elf64_Dyn wide;
	Elf32_Dyn narrow;

	for (uint64_t i = 0; i < ENTRIES && (i + 1) * size <= s->size; i++) {
		if (f->is_32) {
			if (!f->read(f->arg, s->at + i * size, &narrow, size)) return;
			wide.d_tag = narrow.d_tag;
			wide.d_un.d_val = narrow.d_un.d_val;
		} else if (!f->read(f->arg, s->at + i * size, &wide, size)) {
			return;
		}
		if (wide.d_tag == DT_NULL) return;
		take_dynamic(f, wide.d_tag, wide.d_un.d_val);
	}
}

/* The file names the table of strings by its address in memory; find its place in the file. */
static bool find_in_file(const struct file *f, uint64_t address, uint64_t *at)
{
	for (unsigned i = 0; i < f->header_count; i++) {
		const struct segment *s = &f->segments[i];

		if (s->type != PT_LOAD || address < s->address ||
		    address - s->address >= s->size)
			continue;
		*at = s->at + (address - s->address);
		return true;
	}
	return false;
}

static void read_name(const struct file *f, struct elf_name *out)
{
	uint64_t at;
	size_t n = 0;

	if (!f->has_name || !f->has_strings || !find_in_file(f, f->strings, &at)) return;
	while (n < ELF_NAME_MAX && f->read(f->arg, at + f->name + n, out->soname + n, 1) &&
	       out->soname[n])
		n++;
	out->soname[n] = 0;
	if (n == ELF_NAME_MAX) out->soname[0] = 0;
}

bool elf_name(elf_read *read, void *arg, struct elf_name *out)
{
	struct file f = { .read = read, .arg = arg };

	*out = (struct elf_name){ 0 };
	if (!read_elf_header(&f)) return false;
	for (unsigned i = 0; i < f.header_count; i++)
		if (!read_segment(&f, i)) return false;
	for (unsigned i = 0; i < f.header_count; i++)
		if (f.segments[i].type == PT_DYNAMIC) read_dynamic(&f, &f.segments[i]);
	out->is_32 = f.is_32;
	read_name(&f, out);
	return true;
}
