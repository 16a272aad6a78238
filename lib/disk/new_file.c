#include "lib/disk/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"

static int check_free(const struct new_file *f, struct err *e)
{
	struct stat st;

	if (fstatat(f->folder, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "%s", f->path);
	if (!S_ISREG(st.st_mode))
		return fail(e, ERR_EXISTS, "%s exists, and is not a regular file", f->path);
	return f->replace ? 0 : fail(e, ERR_EXISTS, "%s exists; --force replaces it", f->path);
}

/* Delete what a killed run left. Whoever still writes it holds its lock. */
static int clear_part(const struct new_file *f, struct err *e)
{
	AUTOCLOSE int old = openat(f->folder, f->part,
	                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (old < 0) return errno == ENOENT ? 0 : fail_sys(e, "open %s", f->part);
	if (flock(old, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail(e, ERR_BUSY, "another command is writing %s", f->path);
	if (unlinkat(f->folder, f->part, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "delete %s", f->part);
	return 0;
}

static int open_part(struct new_file *f, struct err *e)
{
	f->fd = openat(f->folder, f->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	               0600);
	if (f->fd < 0) return fail_sys(e, "create %s", f->path);
	f->has_part = true;
	flock(f->fd, LOCK_EX | LOCK_NB);
	return 0;
}

int new_file_open(struct arena *m, const char *path, bool replace, struct new_file *f,
                  struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *folder = slash ? arena_strndup(m, path, (size_t)(slash - path + 1)) : ".";

	*f = (struct new_file){ .folder = -1, .fd = -1, .path = path, .replace = replace,
				.name = slash ? slash + 1 : path };
	f->part = arena_printf(m, ".%s.part", f->name);
	if (!*f->name) return fail(e, ERR_USAGE, "%s is not the name of a file", path);
	f->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->folder < 0) return fail_sys(e, "open %s", folder);
	if (check_free(f, e) < 0 || clear_part(f, e) < 0) return -1;
	f->fd = openat(f->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd >= 0) return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
		return fail_sys(e, "create %s", path);
	return open_part(f, e);
}

/* Replacing needs a name to rename. */
static int name_file(struct new_file *f, struct err *e)
{
	char open_file[40];
	const char *to = f->replace ? f->part : f->name;

	if (!f->has_part) {
		snprintf(open_file, sizeof open_file, "/proc/self/fd/%d", f->fd);
		if (linkat(AT_FDCWD, open_file, f->folder, to, AT_SYMLINK_FOLLOW) < 0)
			return fail_sys(e, "create %s", f->path);
		if (!f->replace) return 0;
		f->has_part = true;
	}
	if (f->replace ? renameat(f->folder, f->part, f->folder, f->name) < 0
	               : rename_new(f->folder, f->part, f->name) < 0)
		return fail_sys(e, "create %s", f->path);
	f->has_part = false;
	return 0;
}

int new_file_finish(struct new_file *f, struct err *e)
{
	if (fsync(f->fd) < 0) return fail_sys(e, "write %s", f->path);
	if (check_free(f, e) < 0 || name_file(f, e) < 0) return -1;
	return fsync(f->folder) < 0 ? fail_sys(e, "write %s", f->path) : 0;
}

void new_file_close(struct new_file *f)
{
	if (f->has_part) unlinkat(f->folder, f->part, 0);
	f->has_part = false;
	if (f->fd >= 0) close(take_fd(&f->fd));
	if (f->folder >= 0) close(take_fd(&f->folder));
}
