/* The order matters: chown clears setuid and capabilities, chmod rewrites the mask of an
 * ACL, and each of them changes the time. So: owner, mode, attributes, time. */

#include "lib/archive/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/archive/layer.h"
#include "lib/archive/look.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static const char acl_access[] = "system.posix_acl_access";
static const char acl_default[] = "system.posix_acl_default";

/* A new file: open as `fd`, or known by its name if it cannot be opened. */
struct made {
	int fd, dir;
	const char *name;
};

static int set_attr(const struct made *m, const struct attr *a)
{
	if (m->fd >= 0) return fsetxattr(m->fd, a->name, a->value, a->size, 0);
	return fchdir(m->dir) < 0 ? -1 : lsetxattr(m->name, a->name, a->value, a->size, 0);
}

static void drop_attr(const struct made *m, const char *name)
{
	if (m->fd >= 0) fremovexattr(m->fd, name);
	else if (fchdir(m->dir) == 0) lremovexattr(m->name, name);
}

/* What a file may do, and Samba's ACLs, which a domain controller in a jail needs. */
static bool is_secure(const char *name)
{
	return str_eq(name, "security.capability") || str_eq(name, "security.NTACL");
}

bool entry_is_label(const char *attr)
{
	return str_starts(attr, "security.") && !is_secure(attr);
}

static bool is_settable(const char *name)
{
	return str_starts(name, "user.") || is_secure(name) || str_eq(name, acl_access) ||
	       str_eq(name, acl_default);
}

bool entry_keeps(const char *attr)
{
	return is_settable(attr);
}

static bool is_unsupported(int sys)
{
	return sys == EOPNOTSUPP || sys == ENOSYS || sys == EPERM || sys == E2BIG ||
	       sys == ERANGE;
}

static int give_attr(const struct made *m, const struct attr *a, bool trusted, bool *bare,
                     struct err *e)
{
	bool settable = is_settable(a->name) || (trusted && str_starts(a->name, "trusted."));

	if (entry_is_label(a->name)) return 0;
	if (settable && set_attr(m, a) == 0) return 0;
	if (settable && !is_unsupported(errno))
		return fail_sys(e, "set its attribute %s", a->name);
	*bare = true;
	return 0;
}

static int set_owner(const struct entry *n, const struct made *m)
{
	if (m->fd >= 0) return fchown(m->fd, n->uid, n->gid);
	return fchownat(m->dir, m->name, n->uid, n->gid, AT_SYMLINK_NOFOLLOW);
}

/* Links have no mode; nothing else that comes here by name is one. */
static int set_mode(const struct entry *n, const struct made *m)
{
	if (S_ISLNK(n->mode)) return 0;
	if (m->fd >= 0) return fchmod(m->fd, n->mode & 07777);
	return fchmodat(m->dir, m->name, n->mode & 07777, AT_SYMLINK_NOFOLLOW);
}

static int set_time(const struct entry *n, const struct made *m)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, n->mtime };

	if (m->fd >= 0) return futimens(m->fd, times);
	return utimensat(m->dir, m->name, times, AT_SYMLINK_NOFOLLOW);
}

/* A new file has its mode except setuid, setgid and sticky, and belongs to root, unless its
 * directory has a default ACL or setgid. `reused`: the directory existed before. */
static int set_attributes(const struct step *dir, const struct entry *n, const struct made *m,
                          bool reused, bool *bare, struct err *e)
{
	bool odd = dir->hands_down || reused;

	if (odd && !S_ISLNK(n->mode)) {
		drop_attr(m, acl_access);
		if (S_ISDIR(n->mode)) drop_attr(m, acl_default);
	}
	if ((odd || n->uid || n->gid) && set_owner(n, m) < 0)
		return fail_sys(e, "set its owner");
	if ((odd || n->mode & 07000) && set_mode(n, m) < 0) return fail_sys(e, "set its mode");
	for (size_t i = 0; i < n->attrs_n; i++)
		if (give_attr(m, &n->attrs[i], n->trusted, bare, e) < 0) return -1;
	return 0;
}

/* The name exists: remove a file of an earlier entry, or what the layers below have there. */
static int clear_name(const struct path_walk *t, int dir, const char *name, struct err *e)
{
	struct stat st;

	if (t->layered) return layer_remove(dir, name, e);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return fail_sys(e, "stat");
	if (S_ISLNK(st.st_mode))
		return fail(e, ERR_UNTRUSTED, "it would replace a link of that name");
	if (S_ISDIR(st.st_mode))
		return fail(e, ERR_INPUT, "a directory of that name exists");
	return unlinkat(dir, name, 0) < 0 ? fail_sys(e, "replace") : 0;
}

static int try_file(int dir, const char *name, const struct entry *n)
{
	return openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	              n->mode & 0777);
}

/* A descriptor that nothing is done with. */
static int open_nothing(struct path_walk *t, const struct entry *n, struct err *e)
{
	int fd = openat(t->step[0].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	look_open(t->looking, n);
	return fd < 0 ? fail_sys(e, "open") : fd;
}

int entry_open(struct path_walk *t, const struct entry *n, struct err *e)
{
	const char *name;
	struct step *dir;
	int fd;

	if (t->looking) return open_nothing(t, n, e);
	if (!(dir = path_walk_go_above(t, n->path, &name, e))) return -1;
	if (!*name) return fail(e, ERR_UNTRUSTED, "the root would be a file");
	dir->changed = true;
	fd = try_file(dir->fd, name, n);
	if (fd < 0 && errno == EEXIST) {
		if (clear_name(t, dir->fd, name, e) < 0) return -1;
		fd = try_file(dir->fd, name, n);
	}
	return fd < 0 ? fail_sys(e, "create") : fd;
}

int entry_write(struct path_walk *t, int fd, const void *data, size_t n, off_t place,
                struct err *e)
{
	const char *p = data;

	if (t->looking) {
		look_write(t->looking, data, n, (uint64_t)place);
		return 0;
	}
	while (n) {
		ssize_t k = pwrite(fd, p, n, place);

		if (k < 0) return fail_sys(e, "write");
		p += k;
		n -= (size_t)k;
		place += k;
	}
	return 0;
}

int entry_extend(struct path_walk *t, int fd, off_t size, struct err *e)
{
	return !t->looking && ftruncate(fd, size) < 0 ? fail_sys(e, "write") : 0;
}

int entry_finish(struct path_walk *t, const struct entry *n, int fd, bool *bare, struct err *e)
{
	struct made m = { .fd = fd };

	if (t->looking) return 0;
	if (set_attributes(&t->step[t->depth], n, &m, false, bare, e) < 0) return -1;
	return set_time(n, &m) < 0 ? fail_sys(e, "set its time") : 0;
}

static bool hands_down(const struct entry *n)
{
	for (size_t i = 0; i < n->attrs_n; i++)
		if (str_eq(n->attrs[i].name, acl_default)) return true;
	return n->mode & S_ISGID;
}

static bool is_directory(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Returns 1 if it has made the directory, 0 if there is one, or something that is no directory,
 * which the walk refuses to enter. */
static int try_directory(const struct path_walk *t, int dir, const char *name, mode_t mode,
                         struct err *e)
{
	if (!*name) return 0;
	if (mkdirat(dir, name, mode) == 0) return 1;
	if (errno != EEXIST) return fail_sys(e, "create");
	if (!t->layered || is_directory(dir, name)) return 0;
	if (layer_remove(dir, name, e) < 0) return -1;
	return mkdirat(dir, name, mode) < 0 ? fail_sys(e, "create") : 1;
}

/* path_walk sets its time when it leaves the directory. */
static int make_directory(struct path_walk *t, const struct entry *n, bool *bare, struct err *e)
{
	const char *name;
	struct step *s = path_walk_go_above(t, n->path, &name, e);
	struct step above;
	int made;

	if (!s) return -1;
	above = *s;
	if ((made = try_directory(t, s->fd, name, n->mode & 0777, e)) < 0) return -1;
	s->changed |= made;
	if (!(s = path_walk_go(t, n->path, strlen(n->path), e))) return -1;
	if (set_attributes(&above, n, &(struct made){ .fd = s->fd }, !made, bare, e) < 0)
		return -1;
	s->mtime = n->mtime;
	s->changed = true;
	s->hands_down = hands_down(n);
	return 0;
}

static int try_make(const struct entry *n, const struct made *m, int from, const char *target)
{
	if (n->target[0]) return linkat(from, target, m->dir, m->name, 0);
	if (S_ISLNK(n->mode)) return symlinkat(n->link, m->dir, m->name);
	return mknodat(m->dir, m->name, n->mode, n->dev);
}

static int make_name(struct path_walk *t, const struct entry *n, const struct made *m,
                     struct err *e)
{
	AUTOCLOSE int from = -1;
	const char *target = NULL;

	if (n->target[0] && (from = path_walk_look_above(t, n->target, &target, e)) < 0)
		return -1;
	if (try_make(n, m, from, target) == 0) return 0;
	if (errno == EEXIST) {
		if (clear_name(t, m->dir, m->name, e) < 0) return -1;
		if (try_make(n, m, from, target) == 0) return 0;
	}
	if (!n->target[0]) return fail_sys(e, "create");
	return fail_sys(e, "it is a hard link to %s", n->target);
}

/* Links, devices and fifos, which are created and changed by name. If the system forbids
 * devices, they are skipped: jails have a /dev of their own anyway. */
static int make_named(struct path_walk *t, const struct entry *n, bool *bare, struct err *e)
{
	struct made m = { .fd = -1 };
	struct step *dir = path_walk_go_above(t, n->path, &m.name, e);

	if (!dir) return -1;
	if (!*m.name) return fail(e, ERR_UNTRUSTED, "the root would not be a directory");
	m.dir = dir->fd;
	dir->changed = true;
	if (make_name(t, n, &m, e) < 0)
		return e->sys == EPERM && (S_ISBLK(n->mode) || S_ISCHR(n->mode)) ? 1 : -1;
	if (n->target[0]) return 0;
	if (set_attributes(dir, n, &m, false, bare, e) < 0) return -1;
	return set_time(n, &m) < 0 ? fail_sys(e, "set its time") : 0;
}

int entry_make(struct path_walk *t, const struct entry *n, bool *bare, struct err *e)
{
	if (t->looking) {
		look_note(t->looking, n);
		return 0;
	}
	if (S_ISDIR(n->mode)) return make_directory(t, n, bare, e);
	if (n->target[0] && str_eq(n->target, n->path))
		return fail(e, ERR_INPUT, "it is a hard link to itself");
	return make_named(t, n, bare, e);
}

int entry_set_attr(struct path_walk *t, const char *path, const struct attr *a, bool *bare,
                   struct err *e)
{
	struct made m = { .fd = -1 };
	const struct step *dir;

	if (t->looking) return 0;
	if (!(dir = path_walk_go_above(t, path, &m.name, e))) return -1;
	m.dir = dir->fd;
	if (!*m.name) m.name = ".";
	return give_attr(&m, a, false, bare, e);
}
