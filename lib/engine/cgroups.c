#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/engine/inside_impl.h"

enum { LIST_MAX = 256 * 1024 };

/* Whether the comma-separated `list` has all of the comma-separated `names`. */
static bool has_all(const char *list, const char *names)
{
	while (*names) {
		size_t n = strcspn(names, ",");
		const char *at = list;

		while (*at && (strncmp(at, names, n) || (at[n] && at[n] != ','))) {
			at += strcspn(at, ",");
			at += *at == ',';
		}
		if (!*at) return false;
		names += n + (names[n] == ',');
	}
	return true;
}

/* Where the tree of these controllers ("" for cgroup v2) is mounted whole; NULL: nowhere. */
static const char *find_tree(const struct mounts *t, const char *controllers)
{
	const char *type = *controllers ? "cgroup" : "cgroup2";

	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->v[i].type, type) && str_eq(t->v[i].root, "/") &&
		    has_all(t->v[i].super, controllers))
			return t->v[i].point;
	return NULL;
}

/* The leader names its group itself, by moving; it stays in the tree that it was given. */
static int open_group(const char *tree, const char *group, struct err *e)
{
	AUTOCLOSE int top = open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTOFREE struct arena m = { 0 };
	const char *file = arena_printf(&m, "%s/cgroup.procs", group + strspn(group, "/"));
	int fd = top < 0 ? -1 : open_by_rules(top, file + strspn(file, "/"), O_WRONLY, 0,
	                                      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	return fd < 0 ? fail_sys(e, "the control group %s of the jail", group) : fd;
}

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (!strncmp(text, line, n) && text[n] == '\n') return true;
	return false;
}

/* A line is "NUMBER:CONTROLLERS:GROUP"; a tree that is not mounted has no files, and one
 * where `ours` has the same line needs none. */
static int open_line(const struct mounts *t, const char *ours, char *line, int *fd,
                     struct err *e)
{
	char *controllers = strchr(line, ':'), *group;
	const char *tree;

	*fd = -1;
	if (has_line(ours, line)) return 0;
	if (!controllers || !(group = strchr(++controllers, ':')))
		return fail(e, ERR_HOST, "its control groups cannot be read");
	*group++ = 0;
	if ((tree = find_tree(t, controllers))) *fd = open_group(tree, group, e);
	return tree && *fd < 0 ? -1 : 0;
}

int cgroups_open(int proc, int fds[CGROUPS_MAX], struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *text = read_file(&m, proc, "cgroup", LIST_MAX, NULL, e), *next;
	const char *ours = read_file(&m, AT_FDCWD, "/proc/self/cgroup", LIST_MAX, NULL, e);
	struct mounts t;
	int n = 0, fd;

	if (!text || !ours || mounts_read(&m, &t, e) < 0) return -1;
	for (; *text; text = next) {
		next = text + strcspn(text, "\n");
		if (*next) *next++ = 0;
		if (n == CGROUPS_MAX) {
			fail(e, ERR_HOST, "it is in too many control groups");
			goto undo;
		}
		if (open_line(&t, ours, text, &fd, e) < 0) goto undo;
		if (fd >= 0) fds[n++] = fd;
	}
	return n;
undo:
	while (n)
		close(fds[--n]);
	return -1;
}
