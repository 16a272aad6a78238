/* A file stays open from the check of its mark until it is deleted, to detect that its name
 * now belongs to another file. The file beside it has the inode in its name: a partial image
 * becomes complete by one rename, which cannot rename the mark's file too. */

#include "lib/disk/mark.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"

#define BESIDE ".jlmkr-"

/* Only root may set trusted.*, and the root of a container may not. */
static const char *const attributes[] = { MARK_ATTRIBUTE, "user.jlmkr" };

enum { ATTRIBUTES = sizeof attributes / sizeof *attributes, NAME_SIZE = 40 };

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

const char *mark_digits(struct arena *m, const char *text)
{
	return count_digits(text) == MARK_DIGITS ? arena_strndup(m, text, MARK_DIGITS) : NULL;
}

static bool is_mark(const char *text)
{
	return str_starts(text, MARK_IMAGE) || str_starts(text, MARK_WHOLE);
}

bool mark_fits(const char *text, const char *sha256)
{
	size_t n = strlen(sha256);

	if (!is_mark(text) || n != MARK_DIGITS) return false;
	text += strlen(MARK_IMAGE);
	return !strncmp(text, sha256, n) && (!text[n] || text[n] == ':');
}

int mark_open(int dir, const char *name, int flags)
{
	AUTOCLOSE int place = open_by_rules(dir, name, O_PATH | O_NOFOLLOW, 0,
	                                    RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS |
	                                    RESOLVE_BENEATH);
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0) return -1;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		errno = S_ISLNK(st.st_mode) ? ELOOP : EINVAL;
		return -1;
	}
	return reopen(place, flags);
}

/* -- beside the file -- */

static int beside_name(int fd, char out[NAME_SIZE])
{
	struct stat st;

	if (fstat(fd, &st) < 0) return -1;
	snprintf(out, NAME_SIZE, BESIDE "%" PRIu64, (uint64_t)st.st_ino);
	return 0;
}

static void read_beside(int dir, const char *name, char text[MARK_MAX])
{
	AUTOCLOSE int fd = mark_open(dir, name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, MARK_MAX - 1);

	text[n > 0 ? n : 0] = 0;
	if (!is_mark(text)) *text = 0;
}

/* A file of that name which is not a mark belongs to somebody else, and stays. */
static int write_beside(int dir, int fd, const char *text, struct err *e)
{
	AUTOCLOSE int out = -1;
	char name[NAME_SIZE], old[MARK_MAX];

	if (beside_name(fd, name) < 0) return fail_sys(e, "fstat");
	read_beside(dir, name, old);
	if (*old) unlinkat(dir, name, 0);
	out = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0) return fail_sys(e, "create %s", name);
	if (write_all(out, text, strlen(text), e) == 0) return 0;
	unlinkat(dir, name, 0);
	return -1;
}

/* -- marks -- */

/* Whether the kernel or the file system does not support the attribute. */
static bool is_mark_unsupported(void)
{
	return errno == EOPNOTSUPP || errno == EPERM || errno == ENOSYS;
}

int mark_set(int dir, int fd, const char *text, struct err *e)
{
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		if (fsetxattr(fd, attributes[i], text, strlen(text), 0) == 0) return 0;
		if (!is_mark_unsupported())
			return fail_sys(e, "set the attribute %s", attributes[i]);
	}
	return write_beside(dir, fd, text, e);
}

void mark_get(int dir, int fd, char text[MARK_MAX])
{
	char name[NAME_SIZE];
	ssize_t n;

	for (size_t i = 0; i < ATTRIBUTES; i++) {
		n = fgetxattr(fd, attributes[i], text, MARK_MAX - 1);
		text[n > 0 ? n : 0] = 0;
		if (n >= 0) return;
	}
	if (is_mark_unsupported() && beside_name(fd, name) == 0) read_beside(dir, name, text);
}

bool mark_is_of(int dir, int fd, const char *sha256)
{
	char text[MARK_MAX];

	mark_get(dir, fd, text);
	return mark_fits(text, sha256);
}

bool mark_is_named(int dir, const char *name, int fd)
{
	AUTOCLOSE int now = mark_open(dir, name, O_PATH);
	struct stat opened, named;

	return now >= 0 && fstat(fd, &opened) == 0 && fstat(now, &named) == 0 &&
	       same_file(&opened, &named);
}

/* The message must not suggest to delete files that are mounted from elsewhere. */
const char *mark_none(struct arena *m, int dir, const char *path, const char *name)
{
	const char *full = arena_printf(m, "%s/%s", path, name);
	struct stat st = { 0 };
	struct mounts t;

	if (mounts_read(m, &t, NULL) < 0 || mount_beneath(&t, full, NULL))
		return arena_printf(m, "%s stays: something is mounted there", full);
	fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
	return arena_printf(m,
	                    "%s is not marked as made by jlmkr, and stays; if nobody needs "
	                    "it: rm %s'%s'", full, S_ISDIR(st.st_mode) ? "-r " : "", full);
}

void mark_forget(int dir, int fd)
{
	char beside[NAME_SIZE], text[MARK_MAX];

	if (beside_name(fd, beside) < 0) return;
	read_beside(dir, beside, text);
	if (*text) unlinkat(dir, beside, 0);
}

int mark_unlink(int dir, const char *name, int fd, struct err *e)
{
	if (!mark_is_named(dir, name, fd))
		return fail(e, ERR_BUSY, "it was replaced meanwhile");
	if (unlinkat(dir, name, 0) < 0) return fail_sys(e, "unlink");
	mark_forget(dir, fd);
	return 0;
}

static bool has_inode(int dir, uint64_t inode)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;
	struct stat st;

	while (d && (entry = readdir(d)))
		if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_ino == inode)
			return true;
	return !d;
}

void mark_sweep(int dir)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;
	char text[MARK_MAX];

	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name, *inode = name + strlen(BESIDE);

		if (!str_starts(name, BESIDE) || !*inode || inode[strspn(inode, "0123456789")])
			continue;
		read_beside(dir, name, text);
		if (*text && !has_inode(dir, strtoull(inode, NULL, 10))) unlinkat(dir, name, 0);
	}
}
