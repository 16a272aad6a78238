#include "lib/disk/zfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/run.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/holders.h"
#include "lib/disk/mount.h"

#define KIND "jlmkr:kind"

enum { LIST_MAX = 64 << 20, LOOK_MS = 30000, BUSY_MS = 5000, PAUSE_MS = 200 };

const char *zfs_of(const struct mount *mnt)
{
	/* zfs-fuse calls its mounts fuse.zfs. */
	if (!str_eq(mnt->type, "zfs") && !str_eq(mnt->type, "fuse.zfs")) return NULL;
	return str_eq(mnt->root, "/") ? mnt->source : NULL;
}

const char *zfs_at(const struct mounts *t, const char *path)
{
	const struct mount *mnt = mount_at(t, path);

	return mnt ? zfs_of(mnt) : NULL;
}

/* -- questions -- */

static char *look(struct arena *m, char *const argv[], struct err *e)
{
	char *text = run_strange(m, argv, LIST_MAX, deadline_in(LOOK_MS), e);

	if (!text || strlen(text) < LIST_MAX) return text;
	return fail(e, ERR_HOST, "zfs: the list of datasets is too long"), NULL;
}

/* The next of the columns that -H parts with tabs; NULL: there is none. */
static char *next_column(char **rest)
{
	char *column = *rest;

	if (!column) return NULL;
	if ((*rest = strchr(column, '\t'))) *(*rest)++ = 0;
	return column;
}

static int parse_dataset(char *line, struct zfs_dataset *d, struct err *e)
{
	const char *mounted, *can;

	d->name = next_column(&line);
	mounted = next_column(&line);
	can = next_column(&line);
	d->origin = next_column(&line);
	d->mountpoint = can && str_eq(can, "off") ? "none" : line;
	if (!d->origin || !d->mountpoint)
		return fail(e, ERR_HOST, "zfs: its list of datasets has a line of unknown form");
	d->mounted = str_eq(mounted, "yes");
	return 0;
}

/* A mountpoint may hold a newline. What goes on after one has no columns. */
static void rejoin(struct arena *m, struct zfs_dataset *d, const char *more)
{
	d->mountpoint = arena_printf(m, "%s\n%s", d->mountpoint, more);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

struct zfs_dataset *zfs_list(struct arena *m, const char *root, int depth, size_t *n,
                             struct err *e)
{
	char *depth_text = arena_printf(m, "%d", depth);
	char *argv[] = { "zfs", "list", "-H", "-t", "filesystem,volume",
		         "-o", "name,mounted,canmount,origin,mountpoint",
		         depth < 0 ? "-r" : "-d", depth < 0 ? (char *)root : depth_text,
		         depth < 0 ? NULL : (char *)root, NULL };
	char *text = look(m, argv, e), *line;
	struct zfs_dataset *all;

	*n = 0;
	if (!text) return NULL;
	all = arena_array(m, count_lines(text) + 1, sizeof *all);
	while ((line = strsep(&text, "\n")) && (*line || text)) {
		if (*n && !strchr(line, '\t')) rejoin(m, &all[*n - 1], line);
		else if (parse_dataset(line, &all[(*n)++], e) < 0) return NULL;
	}
	return all;
}

int zfs_snapshots(struct arena *m, const char *root, struct words *names, struct words *held,
                  struct err *e)
{
	char *argv[] = { "zfs", "list", "-H", "-t", "snapshot", "-o", "name,userrefs", "-r",
		         (char *)root, NULL };
	char *text = look(m, argv, e), *line;

	if (!text) return -1;
	while ((line = strsep(&text, "\n")) && *line) {
		const char *name = next_column(&line);

		words_add(names, name);
		if (line && strcmp(line, "0") && strcmp(line, "-")) words_add(held, name);
	}
	return 0;
}

static bool parse_thing(struct arena *m, char *line, struct zfs_thing *t)
{
	const char *guid, *created, *references;

	t->name = next_column(&line);
	guid = next_column(&line);
	created = next_column(&line);
	references = next_column(&line);
	t->mark = line;
	if (!line) return false;
	t->id = arena_printf(m, "%s %s", guid, created);
	t->held = strcmp(references, "0") && strcmp(references, "-");
	return true;
}

struct zfs_thing *zfs_things(struct arena *m, const char *root, int depth, size_t *n,
                             struct err *e)
{
	static const char columns[] = "name,guid,createtxg,userrefs," KIND;
	char *argv[] = { "zfs", "list", "-H", "-t", "filesystem,volume,snapshot",
		         "-d", arena_printf(m, "%d", depth),
		         "-o", (char *)columns, (char *)root, NULL };
	char *text = look(m, argv, e), *line;
	struct zfs_thing *all;

	*n = 0;
	if (!text) return NULL;
	all = arena_array(m, count_lines(text) + 1, sizeof *all);
	/* A property that holds a newline is not ours; what follows that has no columns. */
	while ((line = strsep(&text, "\n")))
		if (parse_thing(m, line, &all[*n])) (*n)++;
	return all;
}

static bool says_none(const struct err *why)
{
	return strstr(why->text, "does not exist") != NULL;
}

static bool is_listed(const char *name, int64_t deadline, struct err *why)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "list", "-H", "-t", "all", "-o", "name", (char *)name, NULL };

	return run_strange(&m, argv, LIST_MAX, deadline, why) != NULL;
}

bool zfs_exists(const char *name)
{
	return is_listed(name, deadline_in(LOOK_MS), NULL);
}

bool zfs_is_gone(const char *name)
{
	struct err why = { 0 };

	return !is_listed(name, NO_DEADLINE, &why) && says_none(&why);
}

bool zfs_has_own_place(const char *name)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "get", "-H", "-o", "source", "mountpoint", (char *)name, NULL };
	const char *source = look(&m, argv, NULL);

	return source && (str_starts(source, "local") || str_starts(source, "received"));
}

bool zfs_is_within(const char *name, const char *of)
{
	size_t n = strlen(of);

	return !strncmp(name, of, n) && (!name[n] || name[n] == '/' || name[n] == '@');
}

static bool is_locked(struct arena *m, const char *name)
{
	char *argv[] = { "zfs", "get", "-H", "-o", "value", "keystatus", (char *)name, NULL };
	const char *text = look(m, argv, NULL);

	return text && str_starts(text, "unavailable");
}

/* The pools that anything is mounted of. */
static void mounted_pools(struct arena *m, const struct mounts *t, struct words *pools)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *name = zfs_of(&t->v[i]);
		const char *pool = name ? arena_strndup(m, name, strcspn(name, "/")) : NULL;

		if (pool && !words_have(words_list(pools), pool)) words_add(pools, pool);
	}
}

/* Where the file system is mounted that has the path, as things are. */
static const char *mount_above(const struct mounts *t, const char *path)
{
	const char *above = "/";

	for (size_t i = 0; i < t->n; i++)
		if (mount_path_in(path, t->v[i].point) && strlen(t->v[i].point) > strlen(above))
			above = t->v[i].point;
	return above;
}

/* Those that are mounted higher up, or never, have nothing to do with the path. */
static bool would_hold(const struct zfs_dataset *d, const char *path, const char *above)
{
	return !d->mounted && d->mountpoint[0] == '/' && mount_path_in(path, d->mountpoint) &&
	       mount_path_in(d->mountpoint, above) && strlen(d->mountpoint) > strlen(above);
}

static const char *tell_unmounted(struct arena *m, const struct zfs_dataset *d)
{
	if (is_locked(m, d->name))
		return arena_printf(m, "its dataset %s is locked: unlock it, or zfs load-key '%s' and "
		                    "zfs mount '%s'", d->name, d->name, d->name);
	return arena_printf(m, "its dataset %s is not mounted: zfs mount '%s'", d->name, d->name);
}

const char *zfs_unmounted(struct arena *m, const char *path)
{
	struct words pools = { .m = m };
	const struct zfs_dataset *d, *found = NULL;
	const char *above;
	struct mounts t;
	size_t n;

	if (mounts_read(m, &t, NULL) < 0) return NULL;
	above = mount_above(&t, path);
	mounted_pools(m, &t, &pools);
	for (size_t i = 0; i < pools.n; i++) {
		if (!(d = zfs_list(m, pools.v[i], -1, &n, NULL))) continue;
		for (; n; n--, d++)
			if (would_hold(d, path, above)) found = d;
	}
	return found ? tell_unmounted(m, found) : NULL;
}

/* -- changes -- */

static int change(struct arena *m, char *const argv[], struct err *e)
{
	return run_strange(m, argv, LIST_MAX, NO_DEADLINE, e) ? 0 : -1;
}

/* What stands between quotes is a name, busybox for example. */
static bool is_busy(const struct err *e)
{
	bool quoted = false;

	for (const char *p = e->text; *p; p++) {
		if (*p == '\'') quoted = !quoted;
		else if (!quoted && str_starts(p, "busy")) return true;
	}
	return false;
}

/* `t`: as it was mounted before. */
static int fail_busy(struct arena *m, const struct mounts *t, const char *name,
                     const struct err *why, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *of = zfs_of(&t->v[i]), *holders;

		if (!of || !zfs_is_within(of, name) || !*(holders = holders_of(m, t->v[i].point))) continue;
		return fail(e, ERR_BUSY, "%s; %s is in use by %s", why->text, of, holders);
	}
	return fail(e, ERR_BUSY, "%s", why->text);
}

static int verb(const char *name, const char *a, const char *b, const char *c, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", (char *)name, (char *)a, (char *)b, (char *)c, NULL };

	return change(&m, argv, e);
}

int zfs_create(const char *name, struct err *e)
{
	return verb("create", name, NULL, NULL, e);
}

int zfs_create_aside(const char *name, const char *mark, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "create", "-o", "canmount=noauto", "-o",
		         arena_printf(&m, KIND "=%s", mark), (char *)name, NULL };

	return change(&m, argv, e);
}

int zfs_clone(const char *snapshot, const char *name, struct err *e)
{
	return verb("clone", snapshot, name, NULL, e);
}

int zfs_snapshot(const char *snapshot, const char *mark, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	return verb("snapshot", "-o", arena_printf(&m, KIND "=%s", mark), snapshot, e);
}

int zfs_mount(const char *name, struct err *e)
{
	return verb("mount", name, NULL, NULL, e);
}

int zfs_unmount(const char *name, struct err *e)
{
	return verb("unmount", name, NULL, NULL, e);
}

/* What another process has open for a moment, an indexer or a snapshot task, makes a
 * dataset busy. zfs-fuse also is, for a while after it has unmounted one, as a rename
 * does: that it is unmounted beforehand helps. `then`: its name afterwards, or NULL. */
static int keep_trying(struct arena *m, const char *name, char *const argv[], const char *then,
                       struct err *why)
{
	int64_t deadline = deadline_in(BUSY_MS);
	bool unmounted = false;
	int rc;

	do {
		if (!unmounted) unmounted = zfs_unmount(name, NULL) == 0;
		wait_fds(NULL, 0, deadline_in(PAUSE_MS), NULL);
		rc = change(m, argv, why);
	} while (rc < 0 && is_busy(why) && deadline_left(deadline));
	if (unmounted && (rc < 0 || then)) zfs_mount(rc < 0 ? name : then, NULL);
	return rc;
}

/* In a process of its own, with our locks: when we are killed it still mounts what it has
 * unmounted. */
static int keep_trying_aside(struct arena *m, const char *name, char *const argv[],
                             const char *then, struct err *why)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0) return fail_sys(why, "pipe");
	if ((pid = fork()) == 0) {
		setpgid(0, 0);
		signal_forget();
		*why = (struct err){ 0 };
		status = keep_trying(m, name, argv, then, why);
		write_all(fds[1], why, sizeof *why, NULL);
		_exit(status < 0);
	}
	close(fds[1]);
	/* Less than PIPE_BUF: all or nothing. */
	while ((n = read(fds[0], why, sizeof *why)) < 0 && errno == EINTR)
		;
	close(fds[0]);
	if (pid < 0) return fail_sys(why, "fork");
	if (n != sizeof *why) fail(why, ERR_HOST, "zfs: its watcher was killed");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int insist(const char *name, char *const argv[], const char *then, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct mounts before = { 0 };
	struct err why = { 0 };
	int rc;

	mounts_read(&m, &before, NULL);
	rc = change(&m, argv, &why);
	if (rc < 0 && is_busy(&why)) rc = keep_trying_aside(&m, name, argv, then, &why);
	if (rc == 0) return 0;
	return is_busy(&why) ? fail_busy(&m, &before, name, &why, e) : fail(e, why.kind, "%s", why.text);
}

/* What is mounted by hand (mountpoint=legacy) is unmounted by hand. */
static int unmount(const struct mount *mnt, struct err *e)
{
	if (zfs_unmount(zfs_of(mnt), e) == 0) return 0;
	if (is_busy(e)) return -1;
	if (umount2(mnt->point, UMOUNT_NOFOLLOW) == 0 || errno == EINVAL) return 0;
	return fail_sys(e, "umount %s", mnt->point);
}

static int unmount_patiently(const struct mount *mnt, struct err *e)
{
	int64_t deadline = deadline_in(BUSY_MS);
	int rc;

	while ((rc = unmount(mnt, e)) < 0 && is_busy(e) && deadline_left(deadline))
		wait_fds(NULL, 0, deadline_in(PAUSE_MS), NULL);
	return rc;
}

/* Mounted again, those above first. */
static void remount(const struct mounts *t, size_t from, const char *name)
{
	for (; from < t->n; from++) {
		const char *of = zfs_of(&t->v[from]);

		if (of && zfs_is_within(of, name)) zfs_mount(of, NULL);
	}
}

/* What was mounted last lies on what was mounted before. */
static int unmount_all(const struct mounts *t, const char *name, struct err *e)
{
	for (size_t i = t->n; i-- > 0;) {
		const char *of = zfs_of(&t->v[i]);

		if (!of || !zfs_is_within(of, name) || unmount_patiently(&t->v[i], e) == 0) continue;
		remount(t, i + 1, name);
		return -1;
	}
	return 0;
}

int zfs_rename(const char *from, const char *to, struct err *e)
{
	char *argv[] = { "zfs", "rename", (char *)from, (char *)to, NULL };

	return insist(from, argv, to, e);
}

/* Somebody else may have been quicker. */
static int destroy(const char *name, char *const argv[], struct err *e)
{
	struct err why = { 0 };

	if (insist(name, argv, NULL, &why) == 0 || says_none(&why)) return 0;
	return fail(e, why.kind, "%s", why.text);
}

int zfs_destroy(const char *name, struct err *e)
{
	char *argv[] = { "zfs", "destroy", "-r", (char *)name, NULL };

	return destroy(name, argv, e);
}

int zfs_destroy_alone(const char *name, struct err *e)
{
	char *argv[] = { "zfs", "destroy", (char *)name, NULL };

	return destroy(name, argv, e);
}

int zfs_destroy_whole(const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct err why = { 0 };
	struct mounts t;

	if (mounts_read(&m, &t, e) < 0) return -1;
	if (unmount_all(&t, name, &why) == 0) {
		if (zfs_destroy(name, &why) == 0) return 0;
		remount(&t, 0, name);
	}
	return is_busy(&why) ? fail_busy(&m, &t, name, &why, e) : fail(e, why.kind, "%s", why.text);
}
