/* What of the NVIDIA driver a jail gets, and where
 *
 * The driver's libraries must be those of the host's kernel module. Each is bound as a
 * single file into a directory of its own, NVIDIA_LIBRARIES, never the directory that
 * it lies in: there it may have the host's libc for a neighbour. That directory is
 * bound from a "farm" on the host, with an empty file for each library to be bound
 * over, and with the links that a linker looks for (the SONAMEs), so that they are
 * there from the first moment of a boot. In the jail it lies on /run, which is no part
 * of the rootfs; ldconfig(8) finds it by a file of ld.so.conf.d.
 *
 * Everything else is bound where it is on the host. This here only decides: paths come
 * from programs of the driver, and what is no clean absolute path, or would take the
 * place of the C library, is left out.
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

/* The paths in what a program printed, a line each: clean ones, once, the first
 * NVIDIA_MAX. `*odd`: how many others there were. */
char **nvidia_paths(struct arena *m, const char *text, size_t *odd);

enum nvidia_type { NVIDIA_ABSENT, NVIDIA_FILE, NVIDIA_FOLDER, NVIDIA_DEVICE };

/* A path and what was found there. */
struct nvidia_file {
	const char *path;
	enum nvidia_type type;
	bool library;
	bool is_32;		/* a library's class and SONAME; "" when it has none */
	const char *soname;
};

/* An entry of the farm, two folders deep: an empty file, or a link to a neighbour. */
struct nvidia_entry {
	const char *folder, *name, *target;	/* target NULL: a file */
};

/* What nspawn is to bind. */
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
	struct words places, folders;	/* where in the rootfs they go: files, and folders */
	struct nvidia_entry *entries;
	size_t entry_count;
	bool has_32, has_64;
	const char *farm;		/* its path, which names its contents */
	const char *conf;		/* the text of NVIDIA_CONF */
};

/* Two folders of the farm. */
#define NVIDIA_LIB64 "lib64"
#define NVIDIA_LIB32 "lib32"

void nvidia_bind(struct nvidia_binds *b, const char *source, const char *place, bool writable);

/* As arguments of nspawn. */
char **nvidia_bind_words(struct arena *m, const struct nvidia_binds *b);

void nvidia_make(struct arena *m, const struct nvidia_file *files, size_t n, struct nvidia *out);

#endif
