#include "lib/disk/owner.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

static const int dir_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Up to the root directory, which is its own "..". What cannot be looked at is open. */
static bool others_reach(int dir)
{
	AUTOCLOSE int at = openat(dir, ".", dir_flags);
	struct stat now, below = { 0 };

	for (bool first = true; at >= 0 && fstat(at, &now) == 0; first = false) {
		int up;

		if (now.st_uid == 0 && !(now.st_mode & (S_IXGRP | S_IXOTH))) return false;
		if (!first && same(&now, &below)) break;
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

/* `dir` < 0: others get there. */
static int check(const struct stat *st, int dir, const char *shown, struct err *e)
{
	char name[100];

	if (st->st_uid != 0)
		return fail(e, ERR_UNTRUSTED, "%s belongs to %s, and root runs only what is root's alone; if "
		            "you trust it: chown root '%s'", shown, user_name(st->st_uid, name, sizeof name),
		            shown);
	if (!(st->st_mode & (S_IWGRP | S_IWOTH)) || (dir >= 0 && !others_reach(dir))) return 0;
	return fail(e, ERR_UNTRUSTED, "others than root may write to %s (mode %04o), and root runs only what "
	            "is root's alone; if you trust it: chmod go-w '%s'", shown,
	            (unsigned)st->st_mode & 07777, shown);
}

int owner_check_file(int fd, int dir, const char *shown, struct err *e)
{
	struct stat st;

	if (geteuid() != 0) return 0;
	return fstat(fd, &st) < 0 ? fail_sys(e, "look at %s", shown) : check(&st, dir, shown, e);
}

int owner_check(int fd, const char *shown, struct err *e)
{
	return owner_check_file(fd, fd, shown, e);
}

/* Where a directory is sticky, only the owners of entries rename them, and its own. */
static const char *who_renames(struct arena *m, const char *path, const struct stat *st)
{
	char name[100];

	if (st->st_uid != 0)
		return arena_printf(m, "%s may rename what is in %s: chown root '%s'",
		                    user_name(st->st_uid, name, sizeof name), path, path);
	return arena_printf(m, "others than root may rename what is in %s (mode %04o): chmod +t '%s'", path,
	                    (unsigned)st->st_mode & 07777, path);
}

static bool others_rename(int dir, const struct stat *st)
{
	if (st->st_uid == 0 && (!(st->st_mode & (S_IWGRP | S_IWOTH)) || st->st_mode & S_ISVTX)) return false;
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
