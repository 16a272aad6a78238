#include "lib/jail/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"
#include "lib/disk/zfs.h"
#include "lib/jail/layout.h"
#include "lib/jail/look.h"
#include "lib/jail/name.h"

enum { OS_RELEASE_MAX = 64 * 1024, LOCK_WAIT_MS = 10000 };

static const int dir_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

int jail_open_jails(const char *dir, struct err *e)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof path, "%s/" LAYOUT_JAILS, dir) >= (int)sizeof path)
		return fail(e, ERR_INPUT, "%s: path too long", dir);
	fd = open(path, dir_flags);
	return fd < 0 ? fail_sys(e, "open %s", path) : fd;
}

/* A directory in its own right: the message for a link is better than the kernel's. */
static int open_real_dir(int at, const char *name, struct err *e)
{
	struct stat st;
	int fd = openat(at, name, dir_flags | O_NOFOLLOW);

	if (fd >= 0) return fd;
	if ((errno == ENOTDIR || errno == ELOOP) &&
	    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(e, ERR_INPUT, "%s is %s, not a directory", name,
		            S_ISLNK(st.st_mode) ? "a link" : "a file");
	return fail_sys(e, "open %s", name);
}

int jail_open(const char *dir, const char *name, struct err *e)
{
	AUTOCLOSE int jails = jail_open_jails(dir, e);
	int fd = jails < 0 ? -1 : open_real_dir(jails, name, e);

	if (jails >= 0 && fd < 0 && errno == ENOENT)
		return fail(e, ERR_MISSING, "there is no jail %s", name);
	return fd;
}

int jail_open_own(const char *dir, const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCLOSE int jails = jail_open_jails(dir, e), fd = -1;

	if (jails < 0 || owner_check(jails, layout_jails(&m, dir), e) < 0) return -1;
	fd = open_real_dir(jails, name, e);
	if (fd < 0 && errno == ENOENT) return fail(e, ERR_MISSING, "there is no jail %s", name);
	if (fd < 0 || owner_check(fd, layout_jail(&m, dir, name), e) < 0) return -1;
	return take_fd(&fd);
}

static const char *config_path(struct arena *m, const char *dir, const char *name)
{
	return arena_printf(m, "%s/" LAYOUT_CONFIG, layout_jail(m, dir, name));
}

int jail_check_place(struct arena *m, const char *dir, const char **doubt, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int jails = jail_open_jails(dir, &why);
	const char *real;

	*doubt = owner_above(m, dir);
	if (jails < 0) return why.sys == ENOENT ? 0 : fail(e, why.kind, "%s", why.text);
	if (owner_check(jails, layout_jails(m, dir), e) < 0) return -1;
	/* It may be a link. */
	if (!*doubt && (real = mount_fd_path(m, jails, NULL))) *doubt = owner_above(m, real);
	return 0;
}

int jail_lock(const char *dir, const char *name, struct err *e)
{
	AUTOCLOSE int before = jail_open(dir, name, e), lock = -1, now = -1;

	if (before < 0) return -1;
	close(take_fd(&before));
	if ((lock = lock_named(name, deadline_in(LOCK_WAIT_MS), name, e)) < 0) return -1;
	if ((now = jail_open(dir, name, e)) < 0) return -1;
	return take_fd(&lock);
}

int jail_open_rootfs(int jail, struct err *e)
{
	return open_real_dir(jail, LAYOUT_ROOTFS, e);
}

static const char *why_broken(struct arena *m, int jails, const char *name)
{
	struct err e = { 0 };
	AUTOCLOSE int fd = open_real_dir(jails, name, &e);
	struct stat st;

	if (fd < 0) return arena_strdup(m, e.text);
	if (fstatat(fd, LAYOUT_CONFIG, &st, 0) < 0)
		return errno == ENOENT ? "it has no config" : strerror(errno);
	if (!S_ISREG(st.st_mode)) return "its config is not a file";
	if (fstatat(fd, LAYOUT_ROOTFS, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? "it has no rootfs" : strerror(errno);
	return S_ISDIR(st.st_mode) ? NULL : "its rootfs is not a directory";
}

/* Directories, and links to some: a jail that was moved away is told about. */
static bool is_jail(int jails, const char *name)
{
	struct stat st;

	return name_is_entry(name) && fstatat(jails, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static void describe(struct arena *m, int jails, const char *dir, const char *name,
                     struct jail *j)
{
	j->name = arena_strdup(m, name);
	j->path = layout_jail(m, dir, name);
	j->broken = why_broken(m, jails, name);
}

/* That what is broken is only not mounted is one question to ZFS, however many there are. */
static void find_unmounted(struct arena *m, struct jail *all, size_t n)
{
	const char **paths = arena_array(m, n, sizeof *paths), **why = arena_array(m, n, sizeof *why);
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

static int by_name(const void *a, const void *b)
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
		if (is_jail(jails, entry->d_name)) words_add(names, entry->d_name);
	if (errno) return fail_sys(e, "list the jails");
	if (names->n) qsort(names->v, names->n, sizeof *names->v, by_name);
	return 0;
}

/* When there are none: the dataset that has them may be locked. */
static int check_mounted(struct arena *m, const char *dir, struct err *e)
{
	const char *path = layout_jails(m, dir), *why = zfs_unmounted(m, path);

	return why ? fail(e, ERR_HOST, "%s: %s", path, why) : 0;
}

struct jail *jail_find_all(struct arena *m, const char *dir, size_t *n, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int jails = jail_open_jails(dir, &why);
	struct words names = { .m = m };
	struct jail *all;

	*n = 0;
	if (jails < 0 && why.sys != ENOENT) return fail(e, why.kind, "%s", why.text), NULL;
	if (jails >= 0 && jail_names(jails, &names, e) < 0) return NULL;
	if (!names.n && check_mounted(m, dir, e) < 0) return NULL;
	all = arena_array(m, names.n + 1, sizeof *all);
	for (*n = 0; *n < names.n; ++*n)
		describe(m, jails, dir, names.v[*n], &all[*n]);
	find_unmounted(m, all, *n);
	return all;
}

static int no_such_jail(struct arena *m, int jails, const char *dir, const char *name,
                        struct err *e)
{
	struct words names = { .m = m };
	struct nearest near = { .word = name };
	const char *path = layout_jail(m, dir, name), *why = zfs_unmounted(m, path);

	if (why) return fail(e, ERR_HOST, "%s: %s", path, why);

	if (jails >= 0 && jail_names(jails, &names, NULL) == 0)
		for (size_t i = 0; i < names.n; i++)
			nearest_offer(&near, names.v[i]);
	if (near.best)
		return fail(e, ERR_MISSING, "no jail named '%s'; did you mean '%s'?", name,
		            near.best);
	return fail(e, ERR_MISSING, "no jail named '%s'", name);
}

int jail_find(struct arena *m, const char *dir, const char *name, struct jail *j,
              struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int jails = jail_open_jails(dir, &why);

	if (jails < 0 && why.sys != ENOENT) return fail(e, why.kind, "%s", why.text);
	if (jails < 0 || !is_jail(jails, name)) return no_such_jail(m, jails, dir, name, e);
	describe(m, jails, dir, name, j);
	find_unmounted(m, j, 1);
	return 0;
}

int jail_check(struct arena *m, const char *dir, const char *name, struct err *e)
{
	struct jail j;

	return jail_find(m, dir, name, &j, e);
}

int jail_conf(struct arena *m, const char *dir, const char *name, struct conf *c,
              struct err *e)
{
	AUTOCLOSE int fd = jail_open(dir, name, e);

	return fd < 0 ? -1 : conf_load(m, fd, LAYOUT_CONFIG, config_path(m, dir, name), c, e);
}

int jail_conf_own(struct arena *m, const char *dir, const char *name, struct conf *c,
                  struct err *e)
{
	AUTOCLOSE int fd = jail_open_own(dir, name, e);
	const char *shown = config_path(m, dir, name), *text;

	if (fd < 0 || !(text = conf_read_own(m, fd, LAYOUT_CONFIG, shown, e))) return -1;
	return conf_parse(m, text, c, e) < 0 ? fail_in(e, "%s", shown) : 0;
}

/* What a rootfs may lack without anything being wrong. */
static int not_there(const struct err *why, struct err *e)
{
	return fail(e, why->sys == ENOENT ? ERR_MISSING : why->kind, "%s", why->text);
}

int jail_os(struct arena *m, int rootfs, struct osrel *out, struct err *e)
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

int jail_release(struct arena *m, const char *dir, const char *name, struct osrel *out,
                 struct err *e)
{
	AUTOCLOSE int jail = jail_open(dir, name, e);
	AUTOCLOSE int rootfs = jail < 0 ? -1 : jail_open_rootfs(jail, e);

	return rootfs < 0 ? -1 : jail_os(m, rootfs, out, e);
}

const char *jail_init(struct arena *m, int rootfs, struct err *e)
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
