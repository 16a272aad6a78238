#include "lib/disk/owner.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"

enum { ENTER = 01, WRITE = 02 };

static const int dir_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

static bool has_acl(int fd)
{
	char link[40];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return getxattr(link, "system.posix_acl_access", NULL, 0) > 0;
}

/* The permissions of others than root, as the three bits of a mode. */
static unsigned for_others(int fd, const struct stat *st)
{
	unsigned group = st->st_mode >> 3 & 07;

	if (group && st->st_gid == 0 && !has_acl(fd)) group = 0;
	return group | (st->st_mode & 07);
}

/* Whether others can reach the directory. Walks up to the root directory, which is its own
 * "..". If a directory cannot be read, the answer is true. */
static bool others_reach(int dir)
{
	AUTOCLOSE int at = openat(dir, ".", dir_flags);
	struct stat now, below = { 0 };

	for (bool first = true; at >= 0 && fstat(at, &now) == 0; first = false) {
		int up;

		if (now.st_uid == 0 && !(for_others(at, &now) & ENTER)) return false;
		if (!first && same_file(&now, &below)) break;
		below = now;
		up = openat(at, "..", dir_flags);
		close(at);
		at = up;
	}
	return true;
}

static const char *user_name(uid_t uid, char *out, size_t room)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw) snprintf(out, room, "%.64s (uid %lu)", pw->pw_name, (unsigned long)uid);
	else snprintf(out, room, "the user %lu", (unsigned long)uid);
	return out;
}

/* `dir` < 0: assume that others can reach the file. */
static int check_stat(int fd, const struct stat *st, int dir, const char *shown, struct err *e)
{
	char name[100];

	if (st->st_uid != 0)
		return fail(e, ERR_UNTRUSTED,
		            "%s belongs to %s, but only root may own it, because root runs "
		            "it; if you trust it, run chown root '%s'", shown,
		            user_name(st->st_uid, name, sizeof name), shown);
	if (!(for_others(fd, st) & WRITE) || (dir >= 0 && !others_reach(dir))) return 0;
	return fail(e, ERR_UNTRUSTED,
	            "others than root may write to %s (mode %04o), but root runs it; if you "
	            "trust it, run chmod go-w '%s'", shown,
	            (unsigned)st->st_mode & 07777, shown);
}

int owner_check_file(int fd, int dir, const char *shown, struct err *e)
{
	struct stat st;

	if (geteuid() != 0) return 0;
	return fstat(fd, &st) < 0
	       ? fail_sys(e, "stat %s", shown) : check_stat(fd, &st, dir, shown, e);
}

int owner_check(int fd, const char *shown, struct err *e)
{
	return owner_check_file(fd, fd, shown, e);
}

/* In a sticky directory only its owner and the owners of its entries may rename them. */
static const char *who_renames(struct arena *m, const char *path, const struct stat *st)
{
	char name[100];

	if (st->st_uid != 0)
		return arena_printf(m, "%s may rename the files in %s; run chown root '%s'",
		                    user_name(st->st_uid, name, sizeof name), path, path);
	return arena_printf(m,
	                    "others than root may rename the files in %s (mode %04o); run "
	                    "chmod +t '%s'", path, (unsigned)st->st_mode & 07777, path);
}

static bool others_rename(int dir, const struct stat *st)
{
	if (st->st_uid == 0 && (!(for_others(dir, st) & WRITE) || st->st_mode & S_ISVTX))
		return false;
	return others_reach(dir);
}

const char *owner_above(struct arena *m, const char *path)
{
	char *at = arena_strdup(m, path), *slash;

	if (geteuid() != 0) return NULL;
	do {
		AUTOCLOSE int dir = open(*at ? at : "/", dir_flags);
		struct stat st;

		if (dir >= 0 && fstat(dir, &st) == 0 && others_rename(dir, &st))
			return who_renames(m, *at ? at : "/", &st);
		if ((slash = strrchr(at, '/'))) *slash = 0;
	} while (slash);
	return NULL;
}
