#include "lib/jail/init.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/jail/look.h"
#include "lib/text/elf.h"

enum { HEAD = 256 };		/* what the kernel reads of a script's first line */

static bool is_absent(const struct err *e)
{
	return e->sys == ENOENT || e->sys == ENOTDIR || e->sys == ELOOP;
}

/* Whether the kernel may know how to run what it does not know by itself. */
static bool has_handlers(void)
{
	DIR *d = opendir("/proc/sys/fs/binfmt_misc");
	const struct dirent *entry;
	bool any = false;

	while (d && !any && (entry = readdir(d)))
		any = *entry->d_name != '.' && strcmp(entry->d_name, "register") &&
		      strcmp(entry->d_name, "status");
	if (d) closedir(d);
	return any;
}

/* The machine of an ELF program in this one's byte order and size, 0 if it is none. */
static unsigned machine_of(const char *head, size_t n)
{
	Elf32_Ehdr h;		/* the same in 64 bits, as far as e_machine */

	if (n < sizeof h || memcmp(head, ELFMAG, SELFMAG) != 0) return 0;
	memcpy(&h, head, sizeof h);
	return h.e_machine;
}

static const char *machine_name(struct arena *m, unsigned machine)
{
	switch (machine) {
	case EM_X86_64: return "x86_64";
	case EM_386: return "i386";
	case EM_AARCH64: return "aarch64";
	case EM_ARM: return "arm";
	case EM_RISCV: return "riscv64";
	case EM_PPC64: return "ppc64";
	case EM_S390: return "s390x";
	}
	return arena_printf(m, "number %u", machine);
}

/* The kernel of a 64-bit machine runs programs of its 32-bit ancestor, too. */
static bool runs_here(unsigned machine)
{
	char head[sizeof(Elf64_Ehdr)];
	AUTOCLOSE int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
	unsigned ours = n > 0 ? machine_of(head, (size_t)n) : 0;

	return !ours || machine == ours || (ours == EM_X86_64 && machine == EM_386) ||
	       (ours == EM_AARCH64 && machine == EM_ARM);
}

/* Certainly not a file that can be executed. */
static bool is_no_program(int rootfs, const char *path)
{
	struct err why = { 0 };
	AUTOCLOSE int fd = look_at(rootfs, path, 0, &why);
	struct stat st;

	if (fd < 0) return is_absent(&why);
	return fstat(fd, &st) == 0 && !(S_ISREG(st.st_mode) && st.st_mode & 0111);
}

static const char *script_fault(struct arena *m, int rootfs, const char *path, char *head)
{
	char *name = head + 2 + strspn(head + 2, " \t");

	name[strcspn(name, " \t\r\n")] = 0;
	if (*name != '/' || !is_no_program(rootfs, name)) return NULL;
	return arena_printf(m, "%s is a script for %s, which does not exist", path, name);
}

static bool read_program(void *fd, uint64_t at, void *buf, size_t n)
{
	return at <= INT64_MAX && pread(*(int *)fd, buf, n, (off_t)at) == (ssize_t)n;
}

/* In the directories "A:B"? */
static bool is_library_in(struct arena *m, int rootfs, const char *dirs, const char *name)
{
	for (size_t n; *dirs; dirs += n + (dirs[n] == ':')) {
		AUTOCLOSE int fd = -1;

		n = strcspn(dirs, ":");
		fd = look_at(rootfs, arena_printf(m, "%.*s/%s", (int)n, dirs, name), 0, NULL);
		if (fd >= 0) return true;
	}
	return false;
}

/* Its own libraries, where most distributions have them. */
static bool finds_libraries(struct arena *m, int rootfs, const struct elf_links *l)
{
	static const char usual[] = "/usr/lib:/usr/lib64:/lib:/lib64:/usr/lib/systemd:"
		"/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu:"
		"/usr/lib/aarch64-linux-gnu:/lib/aarch64-linux-gnu";

	for (size_t i = 0; i < l->needed.n; i++)
		if (!is_library_in(m, rootfs, l->search, l->needed.v[i]) &&
		    !is_library_in(m, rootfs, usual, l->needed.v[i]))
			return false;
	return true;
}

static const char *links_fault(struct arena *m, int rootfs, const char *path, int fd,
                               bool *whole)
{
	struct elf_links links;

	if (!elf_links(read_program, &fd, m, &links)) return NULL;
	if (*links.linker == '/' && is_no_program(rootfs, links.linker))
		return arena_printf(m, "%s needs %s, which does not exist", path, links.linker);
	*whole = finds_libraries(m, rootfs, &links);
	return NULL;
}

/* `*whole`: it is a program that has all it needs, as far as one can see. */
static const char *content_fault(struct arena *m, int rootfs, const char *path, int place,
                                 bool *whole)
{
	AUTOCLOSE int fd = reopen_file(place, path, NULL);
	char head[HEAD + 1] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD);
	unsigned machine;

	if (n < 0) return NULL;
	head[n] = 0;
	if (!strncmp(head, "#!", 2)) return script_fault(m, rootfs, path, head);
	machine = machine_of(head, (size_t)n);
	if (machine && runs_here(machine)) return links_fault(m, rootfs, path, fd, whole);
	if (has_handlers()) return NULL;
	if (!machine) return arena_printf(m, "%s is neither a program nor a script", path);
	return arena_printf(m, "%s is a program for another architecture, %s", path,
	                    machine_name(m, machine));
}

enum answer { ABSENT, FAULTY, SOUND };

static enum answer look_at_program(struct arena *m, int rootfs, const char *path,
                                   const char **fault, bool *whole)
{
	struct err why = { 0 };
	AUTOCLOSE int place = look_at(rootfs, path, 0, &why);
	struct stat st;

	if (place < 0) return is_absent(&why) ? ABSENT : SOUND;
	if (fstat(place, &st) < 0) return SOUND;
	*fault = !S_ISREG(st.st_mode)    ? arena_printf(m, "%s is not a file", path)
	         : !(st.st_mode & 0111) ? arena_printf(m, "%s is not executable", path)
	                                : content_fault(m, rootfs, path, place,
	                                                whole);
	return *fault ? FAULTY : SOUND;
}

const char *init_fault(struct arena *m, int rootfs, bool *is_sound)
{
	static const char *const paths[] = {
		"/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init",
	};
	const char *fault = NULL;
	bool whole = false;

	*is_sound = false;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (look_at_program(m, rootfs, paths[i], &fault, &whole) == SOUND) {
			*is_sound = i < 2 && whole;
			return NULL;
		}
	return fault ? fault : "it has neither /usr/lib/systemd/systemd nor /sbin/init";
}

const char *program_fault(struct arena *m, int rootfs, const char *path)
{
	const char *fault = NULL;
	bool whole = false;

	if (look_at_program(m, rootfs, path, &fault, &whole) == ABSENT)
		return arena_printf(m, "%s does not exist", path);
	return fault;
}
