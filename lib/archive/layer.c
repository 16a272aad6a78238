/* The removal works in the confined child, with no more calls than the filter allows; the one
 * of disk/tree.h could not. Nobody else changes the tree meanwhile. */

#include "lib/archive/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/archive/path_walk.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"

#define RESERVED ".wh."
#define OPAQUE ".wh..opq"

enum { NAMES = 4096, OPEN_DIR = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static int remove_at(int dir, const char *name, int depth, struct err *e);

static int empty_directory(int dir, int depth, struct err *e)
{
	_Alignas(8) char names[NAMES];
	long n;

	while ((n = syscall(SYS_getdents64, dir, names, sizeof names)) > 0)
		for (long at = 0; at < n;) {
			const struct dir_name *x = (const void *)(names + at);

			at += x->len;
			if (!is_dots(x->name) && remove_at(dir, x->name, depth, e) < 0)
				return -1;
		}
	return n < 0 ? fail_sys(e, "read a directory of the layers below") : 0;
}

static int remove_at(int dir, const char *name, int depth, struct err *e)
{
	AUTOCLOSE int below = -1;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) return 0;
	if (errno != EISDIR) return fail_sys(e, "remove %s", name);
	if (depth == PATH_WALK_MAX)
		return fail(e, ERR_INPUT, "%s is more than %d directories deep", name,
		            PATH_WALK_MAX - 1);
	if ((below = openat(dir, name, OPEN_DIR)) < 0) return fail_sys(e, "open %s", name);
	if (empty_directory(below, depth + 1, e) < 0) return -1;
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 ? fail_sys(e, "remove %s", name) : 0;
}

int layer_remove(int dir, const char *name, struct err *e)
{
	return remove_at(dir, name, 1, e);
}

bool layer_reserves(const char *path)
{
	return str_starts(path, RESERVED) || strstr(path, "/" RESERVED);
}

/* The directory that a whiteout is in, or -1. */
static int open_whiteout_folder(int root, const char *path, size_t n)
{
	const uint64_t rules = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
	char folder[PATH_MAX] = ".";

	if (n) memcpy(folder, path, n);
	folder[n ? n : 1] = 0;
	if (layer_reserves(folder)) return -1;
	return open_by_rules(root, folder, O_RDONLY | O_DIRECTORY, 0, rules);
}

int layer_white_out(int root, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	AUTOCLOSE int dir = -1;

	if (!str_starts(name, RESERVED)) return 0;
	name += strlen(RESERVED);
	if (!*name || is_dots(name))
		return fail(e, ERR_UNTRUSTED, "it would remove the directory that it is in");
	dir = open_whiteout_folder(root, path, slash ? (size_t)(slash - path) : 0);
	if (dir < 0) return 0;
	if (str_eq(name, OPAQUE)) return empty_directory(dir, 1, e);
	return str_starts(name, RESERVED) ? 0 : layer_remove(dir, name, e);
}
