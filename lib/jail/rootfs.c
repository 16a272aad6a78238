#include "lib/jail/rootfs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/jail/look.h"

enum { OS_RELEASE_MAX = 64 * 1024 };

/* What a rootfs may lack without anything being wrong. */
static int not_there(const struct err *why, struct err *e)
{
	return fail(e, why->sys == ENOENT ? ERR_MISSING : why->kind, "%s", why->text);
}

int rootfs_os(struct arena *m, int rootfs, struct osrel *out, struct err *e)
{
	static const char *const places[] = { "/etc/os-release", "/usr/lib/os-release" };
	struct err why = { 0 };
	const char *text = NULL;

	for (size_t i = 0; !text && i < sizeof places / sizeof *places; i++)
		text = look_read(m, rootfs, places[i], OS_RELEASE_MAX, &why);
	if (!text) return not_there(&why, e);
	osrel_parse(m, text, strlen(text), out);
	return 0;
}

const char *rootfs_init(struct arena *m, int rootfs, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int fd = look_at(rootfs, "/sbin/init", 0, &why);
	char path[PATH_MAX], link[64];
	const char *slash;
	ssize_t n;

	if (fd < 0) return not_there(&why, e), NULL;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if ((n = readlink(link, path, sizeof path)) < 0) return fail_sys(e, "%s", link), NULL;
	if (n == sizeof path) return fail(e, ERR_INPUT, "/sbin/init: path too long"), NULL;
	path[n] = 0;
	slash = strrchr(path, '/');
	return arena_strdup(m, slash ? slash + 1 : path);
}
