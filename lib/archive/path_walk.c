#include "lib/archive/path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/size.h"

enum { OPEN_DIR = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static int put_clean(char *out, size_t *len, const char *part, size_t n, struct err *e)
{
	if (n == 2 && !memcmp(part, "..", 2))
		return fail(e, ERR_UNTRUSTED, "the name contains .. and could lead outside");
	if (n == 0 || (n == 1 && *part == '.')) return 0;
	if (*len + n + 2 > PATH_MAX || n > NAME_MAX)
		return fail(e, ERR_INPUT, "the name is too long");
	if (*len) out[(*len)++] = '/';
	memcpy(out + *len, part, n);
	*len += n;
	return 0;
}

int path_walk_clean(char out[PATH_MAX], const char *name, struct err *e)
{
	size_t n, len = 0;

	if (*name == '/') return fail(e, ERR_UNTRUSTED, "the name is an absolute path");
	for (;; name += n + 1) {
		n = strcspn(name, "/");
		if (put_clean(out, &len, name, n, e) < 0) return -1;
		if (!name[n]) break;
	}
	out[len] = 0;
	return 0;
}

int quota_take(struct quota *q, struct err *e)
{
	if (q->left == 0)
		return fail(e, ERR_UNTRUSTED,
		            "the archive has more than %llu files%s",
		            (unsigned long long)q->max,
		            q->fixed ? "" : "; --max-files sets the limit");
	q->left--;
	return 0;
}

int quota_take_bytes(struct quota *q, uint64_t n, struct err *e)
{
	char size[SIZE_ROOM];

	if (n > q->left)
		return fail(e, ERR_UNTRUSTED,
		            "the archive unpacks to more than %s%s", size_text(q->max, size),
		            q->fixed ? "" : "; --max-size sets the limit");
	q->left -= n;
	return 0;
}

/* New files inherit a default ACL, and in a setgid directory its group. */
static int step_read(struct step *s, struct err *e)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0) return fail_sys(e, "fstat");
	s->mtime = st.st_mtim;
	s->changed = false;
	s->hands_down = st.st_mode & S_ISGID ||
			fgetxattr(s->fd, "system.posix_acl_default", NULL, 0) > 0 ||
			fgetxattr(s->fd, "system.nfs4_acl_xdr", NULL, 0) > 0;
	return 0;
}

int path_walk_begin(struct path_walk *t, int root, struct quota *quota, struct err *e)
{
	t->quota = quota;
	t->looking = NULL;
	t->layered = false;
	t->depth = 0;
	t->path[0] = 0;
	t->step[0] = (struct step){ .fd = root };
	return step_read(&t->step[0], e);
}

static int step_leave(struct path_walk *t, struct err *e)
{
	struct step *s = &t->step[t->depth--];
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, s->mtime };
	int rc = 0;

	if (s->changed && futimens(s->fd, times) < 0) rc = fail_sys(e, "set the time");
	close(s->fd);
	if (t->depth >= 0) t->path[t->step[t->depth].end] = 0;
	return rc;
}

int path_walk_end(struct path_walk *t, struct err *e)
{
	int rc = 0;

	while (t->depth >= 0)
		if (step_leave(t, rc ? NULL : e) < 0) rc = -1;
	return rc;
}

static int fail_step(const struct path_walk *t, const char *name, struct err *e)
{
	struct stat st;
	int sys = errno;

	if ((sys == ENOTDIR || sys == ELOOP) &&
	    fstatat(t->step[t->depth].fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(e, ERR_UNTRUSTED, S_ISLNK(st.st_mode) ?
		            "it would go through the link %s" :
		            "it would be in %s, which is not a directory", t->path);
	errno = sys;
	return fail_sys(e, "open the directory %s", t->path);
}

static int make_step(struct path_walk *t, struct step *up, const char *name, struct err *e)
{
	if (t->quota && quota_take(t->quota, e) < 0) return -1;
	up->changed = true;
	return mkdirat(up->fd, name, 0755) < 0
	       ? fail_sys(e, "make the directory %s", t->path) : 0;
}

/* A directory, or in a tree of layers a link to one. */
static int open_step(const struct path_walk *t, int up, const char *name)
{
	const uint64_t rules = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
	int fd = openat(up, name, OPEN_DIR), sys = errno;

	if (fd >= 0 || !t->layered || (sys != ENOTDIR && sys != ELOOP)) return fd;
	fd = open_by_rules(t->step[0].fd, t->path, O_RDONLY | O_DIRECTORY, 0, rules);
	errno = sys;
	return fd;
}

/* One step down. The caller has appended the name to the path, so that a fault can quote it. */
static int step_down(struct path_walk *t, size_t from, struct err *e)
{
	struct step *up = &t->step[t->depth], *s = up + 1;
	const char *name = t->path + from;

	if (t->depth + 1 == PATH_WALK_MAX)
		return fail(e, ERR_INPUT, "more than %d directories deep", PATH_WALK_MAX - 1);
	*s = (struct step){ .fd = open_step(t, up->fd, name), .end = strlen(t->path) };
	if (s->fd < 0 && errno == ENOENT) {
		if (make_step(t, up, name, e) < 0) return -1;
		s->fd = openat(up->fd, name, OPEN_DIR);
	}
	if (s->fd < 0) return fail_step(t, name, e);
	t->depth++;
	return step_read(s, e);
}

static int append_step(struct path_walk *t, const char *part, size_t n, struct err *e)
{
	size_t end = t->step[t->depth].end;
	size_t from = end ? end + 1 : 0;

	if (end) t->path[end] = '/';
	memcpy(t->path + from, part, n);
	t->path[from + n] = 0;
	if (step_down(t, from, e) == 0) return 0;
	t->path[t->step[t->depth].end] = 0;
	return -1;
}

/* Whether the current step is the directory `path` or above it. */
static bool on_the_way(const struct path_walk *t, const char *path, size_t n)
{
	size_t end = t->step[t->depth].end;

	if (!end) return true;
	return end <= n && !memcmp(t->path, path, end) && (end == n || path[end] == '/');
}

struct step *path_walk_go(struct path_walk *t, const char *path, size_t n, struct err *e)
{
	while (!on_the_way(t, path, n))
		if (step_leave(t, e) < 0) return NULL;
	while (t->step[t->depth].end < n) {
		size_t end = t->step[t->depth].end;
		const char *part = path + (end ? end + 1 : 0);
		size_t len = 0;

		while (part + len < path + n && part[len] != '/') len++;
		if (append_step(t, part, len, e) < 0) return NULL;
	}
	return &t->step[t->depth];
}

struct step *path_walk_go_above(struct path_walk *t, const char *path, const char **name,
                                struct err *e)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return path_walk_go(t, path, slash ? (size_t)(slash - path) : 0, e);
}

int path_walk_look_above(const struct path_walk *t, const char *path, const char **name,
                         struct err *e)
{
	const uint64_t rules = RESOLVE_NO_XDEV | (t->layered ?
		RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS :
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int fd;

	if (slash) {
		memcpy(folder, path, (size_t)(slash - path));
		folder[slash - path] = 0;
	}
	*name = slash ? slash + 1 : path;
	fd = open_by_rules(t->step[0].fd, folder, O_PATH | O_DIRECTORY, 0, rules);
	if (fd < 0 && errno == ELOOP)
		return fail(e, ERR_UNTRUSTED, "it is a hard link to %s, through a link", path);
	return fd < 0 ? fail_sys(e, "it is a hard link to %s", path) : fd;
}
