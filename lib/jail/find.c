/* Which jails there are, and what is wrong with them: lib/jail/jail.h */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"
#include "lib/disk/zfs.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"

static const char bare[] = "it has neither a config nor a rootfs";

static bool is_there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* A link is opened, to see where it leads. */
static const char *why_rootfs_broken(struct arena *m, struct jail *j)
{
	struct err e = { 0 };
	struct stat st;

	if (fstatat(j->fd, LAYOUT_ROOTFS, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? "it has no rootfs" : strerror(errno);
	if (S_ISDIR(st.st_mode)) return NULL;
	if (!S_ISLNK(st.st_mode)) return "its rootfs is not a directory";
	return jail_rootfs(j, &e) < 0 ? arena_strdup(m, e.text) : NULL;
}

/* A link to a file is as bare as an empty directory. */
static const char *why_broken(struct arena *m, struct jail *j)
{
	struct err e = { 0 };
	int fd = jail_dir(j, &e);
	struct stat st;

	j->is_bare = fd < 0 ? e.sys == ENOTDIR
	                    : !is_there(fd, LAYOUT_CONFIG) && !is_there(fd, LAYOUT_ROOTFS);
	if (j->is_bare) return bare;
	if (fd < 0) return arena_strdup(m, e.text);
	if (fstatat(fd, LAYOUT_CONFIG, &st, 0) < 0)
		return errno == ENOENT ? "it has no config" : strerror(errno);
	if (!S_ISREG(st.st_mode)) return "its config is not a file";
	return why_rootfs_broken(m, j);
}

/* Nothing is followed yet. */
static bool may_be_jail(int jails, const char *name)
{
	struct stat st;

	return name_is_entry(name) && fstatat(jails, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode));
}

/* Such as lost+found, or a folder of the user's. The place of a dataset that is not mounted is
 * bare, too, but by now another reason is known. */
static bool is_no_jail(const struct jail *j)
{
	return j->is_bare && j->broken == bare;
}

/* `j` has DIR/jails open. */
static void jail_describe(struct arena *m, const char *dir, const char *name, struct jail *j)
{
	j->name = arena_strdup(m, name);
	j->dir = dir;
	j->path = layout_jail(m, dir, name);
	j->broken = why_broken(m, j);
}

/* That what is broken is only not mounted is one question to ZFS, however many there are. */
static void find_unmounted(struct arena *m, struct jail *all, size_t n)
{
	const char **paths = arena_array(m, n, sizeof *paths);
	const char **why = arena_array(m, n, sizeof *why);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		paths[i] = all[i].broken ? all[i].path : NULL;
		any |= all[i].broken != NULL;
	}
	if (!any) return;
	zfs_unmounted_all(m, paths, n, why);
	for (size_t i = 0; i < n; i++)
		if (why[i]) all[i].broken = why[i];
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads the descriptor's directory from its beginning. */
static int jail_names(int jails, struct words *names, struct err *e)
{
	AUTODIR DIR *d = dir_names(jails);
	struct dirent *entry;

	if (!d) return fail_sys(e, "list the jails");
	for (errno = 0; (entry = readdir(d)); errno = 0)
		if (may_be_jail(jails, entry->d_name)) words_add(names, entry->d_name);
	if (errno) return fail_sys(e, "list the jails");
	if (names->n) qsort(names->v, names->n, sizeof *names->v, compare_names);
	return 0;
}

/* When there are none: the dataset that has them may be locked. */
static int check_mounted(struct arena *m, const char *dir, struct err *e)
{
	const char *path = layout_jails(m, dir), *why = zfs_unmounted(m, path);

	return why ? fail(e, ERR_HOST, "%s: %s", path, why) : 0;
}

static void drop_others(struct jail *all, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (!is_no_jail(&all[i])) all[kept++] = all[i];
	*n = kept;
}

struct jail *jail_find_all(struct arena *m, const char *dir, size_t *n, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int jails = jail_open_jails(dir, &why);
	struct words names = { .m = m };
	struct jail *all;

	*n = 0;
	if (jails < 0 && why.sys != ENOENT) return fail_as(e, &why), NULL;
	if (jails >= 0 && jail_names(jails, &names, e) < 0) return NULL;
	all = arena_array(m, names.n + 1, sizeof *all);
	for (*n = 0; *n < names.n; ++*n) {
		all[*n] = (struct jail)NO_JAIL;
		all[*n].jails = jails;
		jail_describe(m, dir, names.v[*n], &all[*n]);
		all[*n].jails = -1;
		jail_leave(&all[*n]);
	}
	find_unmounted(m, all, *n);
	drop_others(all, n);
	if (!*n && check_mounted(m, dir, e) < 0) return NULL;
	return all;
}

static int no_such_jail(struct arena *m, int jails, const char *dir, const char *name,
                        struct err *e)
{
	struct words names = { .m = m };
	struct nearest near = { .word = name };
	struct err rule = { 0 };
	const char *path = layout_jail(m, dir, name), *why = zfs_unmounted(m, path);

	if (why) return fail(e, ERR_HOST, "%s: %s", path, why);

	if (jails >= 0 && jail_names(jails, &names, NULL) == 0)
		for (size_t i = 0; i < names.n; i++)
			if (!str_eq(names.v[i], name)) nearest_offer(&near, names.v[i]);
	if (near.best)
		return fail(e, ERR_MISSING, "no jail named '%s'; did you mean '%s'?", name,
		            near.best);
	if (name_check(name, &rule) < 0) return fail(e, ERR_MISSING, "%s", rule.text);
	return fail(e, ERR_MISSING, "no jail named '%s'", name);
}

int jail_open(struct arena *m, const char *dir, const char *name, struct jail *j, struct err *e)
{
	struct err why = { 0 };

	*j = (struct jail)NO_JAIL;
	j->jails = jail_open_jails(dir, &why);
	if (j->jails < 0 && why.sys != ENOENT) return fail_as(e, &why);
	if (j->jails < 0 || !may_be_jail(j->jails, name))
		return no_such_jail(m, j->jails, dir, name, e);
	jail_describe(m, dir, name, j);
	find_unmounted(m, j, 1);
	/* Under a name that a jail can have it may be what is left of one, to be removed. */
	if (is_no_jail(j) && name_check(name, NULL) < 0)
		return no_such_jail(m, j->jails, dir, name, e);
	return 0;
}
