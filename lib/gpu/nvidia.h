/* Which parts of the NVIDIA driver a jail gets, and where
 *
 * The driver's libraries must match the host's kernel module. Each library is bound as a single
 * file into NVIDIA_LIBRARIES, a directory of its own. Its directory on the host is never bound,
 * because that may contain the host's libc too. NVIDIA_LIBRARIES is bound from a "farm" on the
 * host: it has an empty file for each library to be bound over, and the links that the linker
 * looks for (the SONAMEs), so that they exist from the first moment of a boot. In the jail it
 * is in /run, which is not in the root file system; a file in ld.so.conf.d makes ldconfig(8)
 * find it.
 *
 * Everything else is bound to the same path as on the host. This file only decides. Paths come
 * from the driver's programs; those that are not clean absolute paths, or would replace the C
 * library, are left out.
 */
#ifndef GPU_NVIDIA_H
#define GPU_NVIDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/host.h"
#include "lib/base/str.h"

#define NVIDIA_LIBRARIES "/run/jlmkr-nvidia"	/* in the jail */
#define NVIDIA_FARMS HOST_RUN		/* on the host */
#define NVIDIA_CONF "/etc/ld.so.conf.d/jlmkr-nvidia.conf"

enum { NVIDIA_MAX = 512 };

/* The paths in the output of a program, one a line: each clean one once, at most NVIDIA_MAX.
 * `*odd`: the number of lines that were left out. */
char **nvidia_paths(struct arena *m, const char *text, size_t *odd);

enum nvidia_type { NVIDIA_ABSENT, NVIDIA_FILE, NVIDIA_FOLDER, NVIDIA_DEVICE };

/* A path, and what exists there. */
struct nvidia_file {
	const char *path;
	enum nvidia_type type;
	bool library;
	bool is_32;		/* class and SONAME of a library; "" if it has none */
	const char *soname;
};

/* An entry of the farm, two folders deep: an empty file, or a link to a neighbour. */
struct nvidia_entry {
	const char *folder, *name, *target;	/* target NULL: a file */
};

/* A bind mount for nspawn. */
struct nvidia_bind {
	const char *source;
	const char *place;		/* NULL: the same path */
	bool writable;
};

struct nvidia_binds {
	struct arena *m;
	struct nvidia_bind *v;
	size_t n, room;
};

struct nvidia {
	struct nvidia_binds binds;
	struct words places, folders;	/* mount points in the rootfs: files, and folders */
	struct nvidia_entry *entries;
	size_t entry_count;
	bool has_32, has_64;
	const char *farm;		/* its path, with a hash of its contents */
	const char *conf;		/* the text of NVIDIA_CONF */
};

/* Two folders of the farm. */
#define NVIDIA_LIB64 "lib64"
#define NVIDIA_LIB32 "lib32"

void nvidia_bind(struct nvidia_binds *b, const char *source, const char *place, bool writable);

/* The binds as arguments of nspawn. */
char **nvidia_bind_words(struct arena *m, const struct nvidia_binds *b);

/* Decide what is bound where. Pure: touches nothing. `out` borrows `files`. */
void nvidia_make(struct arena *m, const struct nvidia_file *files, size_t n,
                 struct nvidia *out);

#endif
