#include "lib/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/attrs.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"

enum { RESOLVE_MS = 2000 };

int write_all(int fd, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR) continue;
		if (k < 0) return fail_sys(e, "write");
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* Called after a read that failed: wait for more if that can help. */
static int await_more(int fd, struct err *e)
{
	if (errno == EINTR) return check_signal(e);
	if (errno == EAGAIN) return wait_fd(fd, POLLIN, NO_DEADLINE, e);
	return fail_sys(e, "read");
}

char *read_all(struct arena *m, int fd, size_t limit, size_t *len, struct err *e)
{
	struct str text = { .m = m };
	char buf[16 * 1024];
	ssize_t k;

	while ((k = read(fd, buf, sizeof buf)) != 0) {
		if (k < 0 && await_more(fd, e) < 0) return NULL;
		if (k < 0) continue;
		if ((size_t)k > limit - text.len)
			return fail(e, ERR_INPUT, "larger than %zu bytes", limit), NULL;
		str_addn(&text, buf, (size_t)k);
	}
	if (len) *len = text.len;
	return text.s ? text.s : arena_strdup(m, "");
}

int open_file(int dir, const char *path, const char *shown, struct err *e)
{
	AUTOCLOSE int place = openat(dir, path, O_PATH | O_CLOEXEC);
	struct stat st;
	int fd;

	if (place < 0 || fstat(place, &st) < 0) return fail_sys(e, "open %s", shown);
	if (!S_ISREG(st.st_mode)) return fail(e, ERR_INPUT, "%s is not a file", shown);
	fd = reopen(place, O_RDONLY);
	return fd < 0 ? fail_sys(e, "open %s", shown) : fd;
}

/* EAGAIN: something on the machine was renamed or mounted meanwhile, and the kernel cannot be
 * sure where ".." leads. A process that renames all the time could make us try for ever, so
 * there is a deadline; a number of tries would be too small for a slow file system. */
int open_by_rules(int dir, const char *path, int flags, mode_t mode, uint64_t rules)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.mode = mode,
		.resolve = rules,
	};
	int64_t deadline = -1;
	long fd;

	for (;;) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return (int)fd;
		if (errno == EINTR && check_signal(NULL) < 0) return -1;
		if (deadline < 0) deadline = deadline_in(RESOLVE_MS);
		if (errno == EAGAIN && !deadline_left(deadline)) return -1;
	}
}

DIR *dir_names(int dir)
{
	AUTOCLOSE int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d) take_fd(&fd);
	return d;
}

bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

int rename_new(int dir, const char *from, const char *to)
{
	if (syscall(SYS_renameat2, dir, from, dir, to, RENAME_NOREPLACE) == 0) return 0;
	if (errno != EINVAL && errno != ENOSYS) return -1;
	if (faccessat(dir, to, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return renameat(dir, from, dir, to);
	errno = EEXIST;
	return -1;
}

int rename_swap(int now, int next, const char *name, struct err *e)
{
	if (syscall(SYS_renameat2, next, name, now, name, RENAME_EXCHANGE) == 0) return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOENT)
		return fail_sys(e, "exchange %s", name);
	if ((renameat(now, name, next, "old") < 0 && errno != ENOENT) ||
	    renameat(next, name, now, name) < 0)
		return fail_sys(e, "rename %s", name);
	return 0;
}

bool name_has_inode(int dir, const char *name, uint64_t ino)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == ino;
}

bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

int dir_is_empty(int dir)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;

	for (errno = 0; d && (entry = readdir(d)); errno = 0)
		if (!is_dots(entry->d_name)) return 0;
	return d && !errno ? 1 : -1;
}

char *read_file(struct arena *m, int dir, const char *path, size_t limit, size_t *len,
                struct err *e)
{
	AUTOCLOSE int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0) return fail_sys(e, "open %s", path), NULL;
	if (!(text = read_all(m, fd, limit, len, e))) fail_in(e, "%s", path);
	return text;
}

enum { RANDOM_DIGITS = 16 };

/* A name that nobody else uses at the moment; `name` is cut to fit NAME_MAX. */
static void temporary_name(char *out, size_t room, const char *name)
{
	uint64_t r = 0;

	while (getrandom(&r, sizeof r, 0) != sizeof r)
		;
	snprintf(out, room, ".%.200s.%0*llx", name, RANDOM_DIGITS, (unsigned long long)r);
}

static bool is_temporary(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return entry[0] == '.' && !strncmp(entry + 1, name, n) && entry[n + 1] == '.' &&
	       strspn(entry + n + 2, "0123456789abcdef") == RANDOM_DIGITS &&
	       !entry[n + 2 + RANDOM_DIGITS];
}

void sweep_replaced(int dir, const char *name)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (is_temporary(entry->d_name, name)) unlinkat(dir, entry->d_name, 0);
}

/* How a new file is written: with this mode, or with all attributes of the open file `like`. */
struct put {
	mode_t mode;
	int like;		/* -1: none */
	bool sync;
	bool of_folder;		/* give it the owner and group of its directory */
};

static int open_new(int dir, const char *name, int flags, struct err *e)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | flags,
	                0600);

	return fd < 0 ? fail_sys(e, "create") : fd;
}

static int give_to_owner_of(int dir, int fd, struct err *e)
{
	struct stat folder, st;

	if (fstat(dir, &folder) < 0 || fstat(fd, &st) < 0) return fail_sys(e, "stat");
	if (st.st_uid == folder.st_uid && st.st_gid == folder.st_gid) return 0;
	if (fchownat(fd, "", folder.st_uid, folder.st_gid, AT_EMPTY_PATH) == 0) return 0;
	return fail_sys(e, "change its owner");
}

static int write_new_file(int dir, const char *tmp, const void *data, size_t n,
                          const struct put *how, struct err *e)
{
	AUTOCLOSE int fd = open_new(dir, tmp, 0, e);

	if (fd < 0 || write_all(fd, data, n, e) < 0) return -1;
	if (how->of_folder && give_to_owner_of(dir, fd, e) < 0) return -1;
	if (how->like >= 0 && attrs_copy(how->like, fd, e) < 0) return -1;
	if (how->like < 0 && fchmod(fd, how->mode) < 0) return fail_sys(e, "chmod");
	if (how->sync && fsync(fd) < 0) return fail_sys(e, "fsync");
	/* Some network file systems report only now that there is no room. */
	return close(take_fd(&fd)) < 0 ? fail_sys(e, "write") : 0;
}

static int put_file(int dir, const char *name, const void *data, size_t n,
                    const struct put *how, struct err *e)
{
	char tmp[256];

	temporary_name(tmp, sizeof tmp, name);
	if (write_new_file(dir, tmp, data, n, how, e) < 0) goto undo;
	if (renameat(dir, tmp, dir, name) < 0) {
		fail_sys(e, "rename");
		goto undo;
	}
	if (how->sync && fsync(dir) < 0) return fail_sys(e, "fsync the directory of %s", name);
	return 0;
undo:
	unlinkat(dir, tmp, 0);
	return fail_in(e, "%s", name);
}

int replace_file(int dir, const char *name, const void *data, size_t n, mode_t mode,
                 struct err *e)
{
	const struct put how = { .mode = mode, .like = -1, .sync = true };

	return put_file(dir, name, data, n, &how, e);
}

int replace_file_like(int dir, const char *name, const void *data, size_t n, int old,
                      struct err *e)
{
	const struct put how = { .like = old, .sync = true };

	return put_file(dir, name, data, n, &how, e);
}

int create_file(int dir, const char *name, const void *data, size_t n, mode_t mode,
                struct err *e)
{
	const struct put how = { .mode = mode, .like = -1, .sync = true };
	struct err why = { 0 };

	if (write_new_file(dir, name, data, n, &how, &why) == 0) return 0;
	if (why.sys != EEXIST) unlinkat(dir, name, 0);
	if (e) *e = why;
	return fail_in(e, "%s", name);
}

int open_replacement(int dir, const char *name, struct err *e)
{
	AUTOCLOSE int fd = -1;
	char tmp[256];

	temporary_name(tmp, sizeof tmp, name);
	if ((fd = open_new(dir, tmp, O_APPEND, e)) < 0) return fail_in(e, "%s", name);
	if (renameat(dir, tmp, dir, name) == 0) return take_fd(&fd);
	fail_sys(e, "%s: rename", name);
	unlinkat(dir, tmp, 0);
	return -1;
}

/* -- inside a root -- */

static int fail_resolve(int sys, const char *path, struct err *e)
{
	if (sys == EXDEV) fail(e, ERR_HOST, "%s: another file system is mounted there", path);
	else fail(e, ERR_BUSY, "%s: a directory on the path is renamed again and again", path);
	if (e) e->sys = sys;
	errno = sys;
	return -1;
}

static int open_resolved(int root, const char *path, int flags, mode_t mode, uint64_t rules,
                         struct err *e)
{
	int fd = open_by_rules(root, path, flags, mode,
	                       RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | rules);

	if (fd >= 0) return fd;
	if (errno == EXDEV || errno == EAGAIN) return fail_resolve(errno, path, e);
	if (errno == EINTR && check_signal(e) < 0) return -1;
	return fail_sys(e, "%s", path);
}

int open_in_root(int root, const char *path, int flags, mode_t mode, struct err *e)
{
	return open_resolved(root, path, flags, mode, 0, e);
}

int place_in_root(int root, const char *path, int flags, struct err *e)
{
	return open_resolved(root, path, O_PATH | flags, 0, RESOLVE_NO_XDEV, e);
}

/* Open the folder of `path` inside the root; `*name` becomes the part behind it. */
static int open_folder_in_root(int root, const char *path, const char **name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	*name = slash ? slash + 1 : path;
	if (slash && (size_t)(slash - path) + 1 >= sizeof folder)
		return fail(e, ERR_HOST, "%s: path too long", path);
	snprintf(folder, sizeof folder, "%.*s/", slash ? (int)(slash - path) : 0, path);
	return place_in_root(root, folder, O_DIRECTORY, e);
}

void sweep_replaced_in_root(int root, const char *path)
{
	const char *name;
	AUTOCLOSE int dir = open_folder_in_root(root, path, &name, NULL);

	if (dir >= 0) sweep_replaced(dir, name);
}

int write_in_root(int root, const char *path, const char *text, mode_t mode, struct err *e)
{
	const struct put how = { .mode = mode, .like = -1, .of_folder = true };
	const char *name;
	AUTOCLOSE int dir = open_folder_in_root(root, path, &name, e);

	return dir < 0 ? -1 : put_file(dir, name, text, strlen(text), &how, e);
}

/* Another directory may have been renamed to this name by now: that one is left as it is. */
static int give_new_directory(int dir, const char *name, struct err *e)
{
	AUTOCLOSE int fd = open_by_rules(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
	                                 RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid()) return 0;
	return give_to_owner_of(dir, fd, e);
}

int mkdir_in_root(int root, const char *path, mode_t mode, struct err *e)
{
	const char *name;
	AUTOCLOSE int dir = open_folder_in_root(root, path, &name, e);
	mode_t mask;
	int rc;

	if (dir < 0) return -1;
	/* A chmod afterwards could change another directory of that name. */
	mask = umask(0);
	rc = mkdirat(dir, name, mode);
	umask(mask);
	if (rc < 0) return errno == EEXIST ? 0 : fail_sys(e, "%s", path);
	return give_new_directory(dir, name, e) < 0 ? fail_in(e, "%s", path) : 0;
}

int mkdirs_above_in_root(int root, const char *path, mode_t mode, struct err *e)
{
	char folder[PATH_MAX];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		size_t n = (size_t)(p - path);

		if (n >= sizeof folder) return fail(e, ERR_HOST, "%s: path too long", path);
		memcpy(folder, path, n);
		folder[n] = 0;
		if (mkdir_in_root(root, folder, mode, e) < 0) return -1;
	}
	return 0;
}

int touch_in_root(int root, const char *path, mode_t mode, struct err *e)
{
	const char *name;
	AUTOCLOSE int dir = open_folder_in_root(root, path, &name, e), fd = -1;

	if (dir < 0) return -1;
	if ((fd = open_new(dir, name, 0, NULL)) < 0)
		return errno == EEXIST ? 0 : fail_sys(e, "%s", path);
	if (give_to_owner_of(dir, fd, e) < 0) return fail_in(e, "%s", path);
	return fchmod(fd, mode) < 0 ? fail_sys(e, "%s", path) : 0;
}

/* O_NONBLOCK: a process with a lease on the file could make us wait (fcntl(2), F_SETLEASE). */
int reopen(int place, int flags)
{
	char link[40];

	snprintf(link, sizeof link, "/proc/self/fd/%d", place);
	return open(link, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int reopen_file(int place, const char *shown, struct err *e)
{
	struct stat st;
	int fd;

	if (fstat(place, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(e, ERR_INPUT, "%s is not a regular file", shown);
	fd = reopen(place, O_RDONLY);
	return fd < 0 ? fail_sys(e, "%s", shown) : fd;
}

/* Open a regular file for reading, crossing mounts. */
static int open_file_in_root(int root, const char *path, struct err *e)
{
	AUTOCLOSE int place = open_in_root(root, path, O_PATH, 0, e);

	return place < 0 ? -1 : reopen_file(place, path, e);
}

char *read_in_root(struct arena *m, int root, const char *path, size_t limit, struct err *e)
{
	AUTOCLOSE int fd = open_file_in_root(root, path, e);
	char *text = fd < 0 ? NULL : read_all(m, fd, limit, NULL, e);

	if (fd >= 0 && !text) fail_in(e, "%s", path);
	return text;
}

int unlink_in_root(int root, const char *path, struct err *e)
{
	const char *name;
	AUTOCLOSE int dir = open_folder_in_root(root, path, &name, e);

	if (dir < 0) return e && e->sys == ENOENT ? 0 : -1;
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove %s", path);
	return 0;
}
