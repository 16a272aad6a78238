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
	unsigned type;
	uint64_t name, strings, search, needed[ELF_NEEDED_MAX];
	unsigned needed_count;
	bool has_name, has_strings, has_search;
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
	unsigned entry;

	if (!f->read(f->arg, 0, &narrow, sizeof narrow) || !is_elf_of_host(narrow.e_ident))
		return false;
	f->is_32 = narrow.e_ident[EI_CLASS] == ELFCLASS32;
	if (f->is_32) {
		f->headers_at = narrow.e_phoff;
		f->header_count = narrow.e_phnum;
		entry = narrow.e_phentsize;
		f->type = narrow.e_type;
	} else {
		if (!f->read(f->arg, 0, &wide, sizeof wide)) return false;
		f->headers_at = wide.e_phoff;
		f->header_count = wide.e_phnum;
		entry = wide.e_phentsize;
		f->type = wide.e_type;
	}
	return (f->type == ET_DYN || f->type == ET_EXEC) && f->header_count <= HEADERS &&
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
	} else if (tag == DT_RUNPATH || tag == DT_RPATH) {
		f->search = value;
		f->has_search = true;
	} else if (tag == DT_NEEDED && f->needed_count < ELF_NEEDED_MAX) {
		f->needed[f->needed_count++] = value;
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

/* A text of the table of strings, into ELF_NAME_MAX + 1 bytes; "" if it is too long. */
static void read_text(const struct file *f, uint64_t offset, char *out)
{
	uint64_t at;
	size_t n = 0;

	*out = 0;
	if (!f->has_strings || !find_in_file(f, f->strings, &at)) return;
	while (n < ELF_NAME_MAX && f->read(f->arg, at + offset + n, out + n, 1) && out[n])
		n++;
	out[n == ELF_NAME_MAX ? 0 : n] = 0;
}

static bool read_elf(struct file *f)
{
	if (!read_elf_header(f)) return false;
	for (unsigned i = 0; i < f->header_count; i++)
		if (!read_segment(f, i)) return false;
	for (unsigned i = 0; i < f->header_count; i++)
		if (f->segments[i].type == PT_DYNAMIC) read_dynamic(f, &f->segments[i]);
	return true;
}

bool elf_name(elf_read *read, void *arg, struct elf_name *out)
{
	struct file f = { .read = read, .arg = arg };

	*out = (struct elf_name){ 0 };
	if (!read_elf(&f) || f.type != ET_DYN) return false;
	out->is_32 = f.is_32;
	if (f.has_name) read_text(&f, f.name, out->soname);
	return true;
}

static void read_linker(const struct file *f, const struct segment *s, char *out)
{
	if (s->size > ELF_NAME_MAX || !f->read(f->arg, s->at, out, (size_t)s->size))
		*out = 0;
	else
		out[s->size] = 0;
}

bool elf_links(elf_read *read, void *arg, struct arena *m, struct elf_links *out)
{
	struct file f = { .read = read, .arg = arg };
	char name[ELF_NAME_MAX + 1];

	*out = (struct elf_links){ .needed.m = m };
	if (!read_elf(&f)) return false;
	for (unsigned i = 0; i < f.header_count; i++)
		if (f.segments[i].type == PT_INTERP)
			read_linker(&f, &f.segments[i], out->linker);
	if (f.has_search) read_text(&f, f.search, out->search);
	for (unsigned i = 0; i < f.needed_count; i++) {
		read_text(&f, f.needed[i], name);
		if (*name) words_add(&out->needed, name);
	}
	return true;
}
