#include "lib/disk/zfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "lib/disk/zfs_below.h"
#include "lib/disk/zfs_impl.h"

#define COLUMNS "name,mounted,canmount,origin,mountpoint"

enum { LIST_MAX = 64 << 20, LOOK_MS = 30000, BUSY_MS = 5000 };
enum { FIRST_PAUSE_MS = 25, PAUSE_MS = 200 };

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

char *zfs_ask(struct arena *m, char *const argv[], struct err *e)
{
	char *text = run_strange(m, argv, LIST_MAX, deadline_in(LOOK_MS), e);

	if (!text || strlen(text) < LIST_MAX) return text;
	return fail(e, ERR_HOST, "zfs: the list of datasets is too long"), NULL;
}

char *zfs_column(char **rest)
{
	char *column = *rest;

	if (!column) return NULL;
	if ((*rest = strchr(column, '\t'))) *(*rest)++ = 0;
	return column;
}

static int parse_dataset(char *line, struct zfs_dataset *d, struct err *e)
{
	const char *mounted, *can;

	d->name = zfs_column(&line);
	mounted = zfs_column(&line);
	can = zfs_column(&line);
	d->origin = zfs_column(&line);
	d->mountpoint = can && str_eq(can, "off") ? "none" : line;
	if (!d->origin || !d->mountpoint)
		return fail(e, ERR_HOST,
		            "zfs: the list of datasets has a line of unknown format");
	d->mounted = str_eq(mounted, "yes");
	return 0;
}

/* A mountpoint may contain a newline. The line behind it has no columns. */
static void rejoin(struct arena *m, struct zfs_dataset *d, const char *more)
{
	d->mountpoint = arena_printf(m, "%s\n%s", d->mountpoint, more);
}

/* Parse the output of -o COLUMNS. */
static struct zfs_dataset *parse_list(struct arena *m, char *text, size_t *n, struct err *e)
{
	struct zfs_dataset *all;
	char *line;

	*n = 0;
	if (!text) return NULL;
	all = arena_array(m, str_count(text, '\n') + 1, sizeof *all);
	while ((line = strsep(&text, "\n")) && (*line || text)) {
		if (*n && !strchr(line, '\t')) rejoin(m, &all[*n - 1], line);
		else if (parse_dataset(line, &all[(*n)++], e) < 0) return NULL;
	}
	return all;
}

struct zfs_dataset *zfs_list(struct arena *m, const char *root, int depth, size_t *n,
                             struct err *e)
{
	char *depth_text = arena_printf(m, "%d", depth);
	char *argv[] = { "zfs", "list", "-H", "-t", "filesystem,volume", "-o", COLUMNS,
		         depth < 0 ? "-r" : "-d", depth < 0 ? (char *)root : depth_text,
		         depth < 0 ? NULL : (char *)root, NULL };

	return parse_list(m, zfs_ask(m, argv, e), n, e);
}

static const char marked_columns[] = "name,guid,createtxg,userrefs,origin," ZFS_KIND;

static bool parse_marked(struct arena *m, char *line, struct zfs_marked *t)
{
	const char *guid, *created, *references;

	t->name = zfs_column(&line);
	guid = zfs_column(&line);
	created = zfs_column(&line);
	references = zfs_column(&line);
	t->origin = zfs_column(&line);
	t->mark = line;
	if (!line) return false;
	t->id = arena_printf(m, "%s %s", guid, created);
	t->held = strcmp(references, "0") && strcmp(references, "-");
	return true;
}

static struct zfs_marked *list_marked(struct arena *m, char *const argv[], size_t *n,
                                      struct err *e)
{
	char *text = zfs_ask(m, argv, e), *line;
	struct zfs_marked *all;

	*n = 0;
	if (!text) return NULL;
	all = arena_array(m, str_count(text, '\n') + 1, sizeof *all);
	/* A value with a newline is not ours; the line behind it has no columns. */
	while ((line = strsep(&text, "\n")))
		if (parse_marked(m, line, &all[*n])) (*n)++;
	return all;
}

struct zfs_marked *zfs_list_marked(struct arena *m, const char *root, int depth, size_t *n,
                                   struct err *e)
{
	char *argv[] = { "zfs", "list", "-H", "-t", "filesystem,volume,snapshot",
		         "-d", arena_printf(m, "%d", depth),
		         "-o", (char *)marked_columns, (char *)root, NULL };

	return list_marked(m, argv, n, e);
}

struct zfs_marked *zfs_list_store(struct arena *m, const char *root, const char *also,
                                  size_t *n, struct err *e)
{
	char *types = also ? "filesystem,volume,snapshot" : "filesystem,volume";
	char *argv[] = { "zfs", "list", "-H", "-t", types, "-d", "1",
		         "-o", (char *)marked_columns, (char *)root, (char *)also, NULL };

	return list_marked(m, argv, n, e);
}

bool zfs_says_none(const struct err *why)
{
	return strstr(why->text, "does not exist") != NULL;
}

/* zfs create and zfs clone mount what they created, and say "cannot mount 'PATH': WHY" if that
 * fails. The quote keeps a dataset's name from matching: it cannot contain one. */
bool zfs_says_not_mounted(const struct err *why)
{
	return strstr(why->text, "cannot mount '") != NULL;
}

struct zfs_dataset *zfs_list_mountable(struct arena *m, size_t *n)
{
	char *argv[] = { "zfs", "list", "-H", "-t", "filesystem", "-o", COLUMNS, NULL };

	return parse_list(m, zfs_ask(m, argv, NULL), n, NULL);
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

	return !is_listed(name, NO_DEADLINE, &why) && zfs_says_none(&why);
}

bool zfs_is_within(const char *name, const char *of)
{
	size_t n = strlen(of);

	return !strncmp(name, of, n) && (!name[n] || name[n] == '/' || name[n] == '@');
}

bool zfs_is_same_pool(const char *a, const char *b)
{
	size_t n = strcspn(a, "/");

	return n == strcspn(b, "/") && !strncmp(a, b, n);
}

const char *zfs_locked_within(struct arena *m, const char *root)
{
	char *argv[] = { "zfs", "get", "-H", "-r", "-t", "filesystem,volume", "-o",
		         "value,name", "keystatus", (char *)root, NULL };
	char *text = zfs_ask(m, argv, NULL), *line;

	while (text && (line = strsep(&text, "\n")) && *line)
		if (str_starts(line, "unavailable\t")) return strchr(line, '\t') + 1;
	return NULL;
}

/* -- changes -- */

int zfs_change(struct arena *m, char *const argv[], struct err *e)
{
	return run_strange(m, argv, LIST_MAX, NO_DEADLINE, e) ? 0 : -1;
}

/* Text between quotes is a name, which may contain the word, as busybox does. */
static bool is_busy(const struct err *e)
{
	bool quoted = false;

	for (const char *p = e->text; *p; p++) {
		if (*p == '\'') quoted = !quoted;
		else if (!quoted && str_starts(p, "busy")) return true;
	}
	return false;
}

/* `t`: the mounts before the change. */
static int fail_busy(struct arena *m, const struct mounts *t, const char *name,
                     const struct err *why, struct err *e)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *of = zfs_of(&t->v[i]), *holders;

		if (!of || !zfs_is_within(of, name) ||
		    !*(holders = holders_of(m, t->v[i].point)))
			continue;
		return fail(e, ERR_BUSY, "%s; %s is in use by %s", why->text, of, holders);
	}
	return fail(e, ERR_BUSY, "%s", why->text);
}

static int verb(const char *name, const char *a, const char *b, const char *c, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", (char *)name, (char *)a, (char *)b, (char *)c, NULL };

	return zfs_change(&m, argv, e);
}

/* "jlmkr:kind=jail:0123" */
static const char *kind_word(struct arena *m, const char *kind)
{
	return arena_printf(m, ZFS_KIND "=%s", kind);
}

int zfs_create(const char *name, const char *kind, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	if (!kind) return verb("create", name, NULL, NULL, e);
	return verb("create", "-o", kind_word(&m, kind), name, e);
}

int zfs_create_aside(const char *name, const char *kind, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "create", "-o", "canmount=noauto", "-o",
		         (char *)kind_word(&m, kind), (char *)name, NULL };

	return zfs_change(&m, argv, e);
}

/* zfs-fuse sets properties of clones too, but does not document it. */
int zfs_clone(const char *snapshot, const char *name, const char *kind, const char *canmount,
              struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct words w = { .m = &m };

	words_add(&w, "zfs");
	words_add(&w, "clone");
	if (kind) words_add(&w, "-o");
	if (kind) words_add(&w, kind_word(&m, kind));
	if (canmount) words_add(&w, "-o");
	if (canmount) words_addf(&w, "canmount=%s", canmount);
	words_add(&w, snapshot);
	words_add(&w, name);
	return zfs_change(&m, words_list(&w), e);
}

int zfs_promote(const char *name, struct err *e)
{
	return verb("promote", name, NULL, NULL, e);
}

int zfs_set_kind(const char *name, const char *kind, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	if (!kind) return verb("inherit", ZFS_KIND, name, NULL, e);
	return verb("set", kind_word(&m, kind), name, NULL, e);
}

static int set_quota(const char *property, const char *name, uint64_t bytes, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	if (!bytes) return verb("set", arena_printf(&m, "%s=none", property), name, NULL, e);
	return verb("set", arena_printf(&m, "%s=%" PRIu64, property, bytes), name, NULL, e);
}

int zfs_set_refquota(const char *name, uint64_t bytes, struct err *e)
{
	return set_quota("refquota", name, bytes, e);
}

int zfs_set_project_quota(const char *name, uint32_t project, uint64_t bytes, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	return set_quota(arena_printf(&m, "projectquota@%" PRIu32, project), name, bytes, e);
}

int zfs_snapshot(const char *snapshot, const char *kind, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	return verb("snapshot", "-o", kind_word(&m, kind), snapshot, e);
}

int zfs_mount(const char *name, struct err *e)
{
	return verb("mount", name, NULL, NULL, e);
}

int zfs_unmount(const char *name, struct err *e)
{
	return verb("unmount", name, NULL, NULL, e);
}

/* A dataset is busy while another process, such as an indexer or a snapshot task, has a file in
 * it open for a moment. In zfs-fuse it is also busy for a while after an unmount, which a
 * rename does too, so unmount it first, with those below it. `then`: its name afterwards, or
 * NULL. */
static int keep_trying(struct arena *m, const struct mounts *before, const char *name,
                       char *const argv[], const char *then, struct err *why)
{
	int64_t deadline = deadline_in(BUSY_MS);
	int pause = FIRST_PAUSE_MS, rc;
	bool unmounted = false;

	do {
		if (!unmounted) unmounted = zfs_unmount(name, NULL) == 0;
		wait_fds(NULL, 0, deadline_in(pause), NULL);
		if (pause < PAUSE_MS) pause *= 2;
		rc = zfs_change(m, argv, why);
	} while (rc < 0 && is_busy(why) && deadline_left(deadline));
	if (rc < 0) then = name;
	if (!unmounted || !then) return rc;
	if (then == name) zfs_mount_back(before, name, NULL);
	else zfs_mount(then, NULL);
	zfs_mount_below(m, before, name, then);
	return rc;
}

typedef int change_fn(struct arena *m, const struct mounts *before, const char *name,
                      char *const argv[], const char *then, struct err *why);

/* In a process of its own that inherits our locks: if we are killed, it still mounts the
 * dataset again. */
static int change_aside(change_fn *change, struct arena *m, const struct mounts *before,
                        const char *name, char *const argv[], const char *then,
                        struct err *why)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0) return fail_sys(why, "pipe");
	if ((pid = fork()) == 0) {
		setpgid(0, 0);
		signal_forget();
		*why = (struct err){ 0 };
		status = change(m, before, name, argv, then, why);
		write_all(fds[1], why, sizeof *why, NULL);
		_exit(status < 0);
	}
	close(fds[1]);
	/* It is less than PIPE_BUF, so it is read whole or not at all. */
	while ((n = read(fds[0], why, sizeof *why)) < 0 && errno == EINTR)
		;
	close(fds[0]);
	if (pid < 0) return fail_sys(why, "fork");
	if (n != sizeof *why)
		fail(why, ERR_HOST, "zfs: the process that repeats it was killed");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int insist(struct arena *m, const struct mounts *before, const char *name,
                  char *const argv[], const char *then, struct err *e)
{
	struct err why = { 0 };
	int rc = zfs_change(m, argv, &why);

	if (rc < 0 && is_busy(&why))
		rc = change_aside(keep_trying, m, before, name, argv, then, &why);
	if (rc == 0) return 0;
	return is_busy(&why)
	       ? fail_busy(m, before, name, &why, e) : fail_as(e, &why);
}

int zfs_insist(const char *name, char *const argv[], const char *then, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct mounts before = { 0 };

	mounts_read(&m, &before, NULL);
	return insist(&m, &before, name, argv, then, e);
}

/* zfs(8) does not unmount datasets that were mounted by hand (mountpoint=legacy). */
static int unmount_dataset(const struct mount *mnt, struct err *e)
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

	while ((rc = unmount_dataset(mnt, e)) < 0 && is_busy(e) && deadline_left(deadline))
		wait_fds(NULL, 0, deadline_in(PAUSE_MS), NULL);
	return rc;
}

static bool is_listed_mount(const struct mount *mnt, const struct words *names)
{
	const char *of = zfs_of(mnt);

	return of && words_have(words_list(names), of);
}

/* In the order of the list, so that parents come first. */
static void remount(const struct mounts *t, size_t from, const struct words *names)
{
	for (; from < t->n; from++)
		if (is_listed_mount(&t->v[from], names))
			zfs_mount_back(t, zfs_of(&t->v[from]), NULL);
}

void zfs_mount_again(const struct mounts *t, const struct words *names)
{
	remount(t, 0, names);
}

/* In reverse order: the last mount may be on an earlier one. */
int zfs_unmount_all(const struct mounts *t, const struct words *names, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct err why = { 0 };

	for (size_t i = t->n; i-- > 0;) {
		if (!is_listed_mount(&t->v[i], names)) continue;
		if (unmount_patiently(&t->v[i], &why) == 0) continue;
		remount(t, i + 1, names);
		if (!is_busy(&why)) return fail_as(e, &why);
		return fail_busy(&m, t, zfs_of(&t->v[i]), &why, e);
	}
	return 0;
}

/* zfs(8) would mount what is below it again, through whatever links are there. */
static int rename_alone(struct arena *m, const struct mounts *before, const char *from,
                        char *const argv[], const char *to, struct err *why)
{
	struct words below = { .m = m };
	int rc;

	zfs_mounted_below(before, from, &below);
	if (zfs_unmount_all(before, &below, why) < 0) return -1;
	rc = zfs_insist(from, argv, to, why);
	if (rc == 0 || zfs_exists(from)) zfs_mount_below(m, before, from, rc < 0 ? from : to);
	return rc;
}

int zfs_rename(const char *from, const char *to, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "rename", (char *)from, (char *)to, NULL };
	struct words below = { .m = &m };
	struct err why = { 0 };
	struct mounts before;

	if (mounts_read(&m, &before, e) < 0) return -1;
	zfs_mounted_below(&before, from, &below);
	if (!below.n) return insist(&m, &before, from, argv, to, e);
	if (change_aside(rename_alone, &m, &before, from, argv, to, &why) == 0) return 0;
	return fail_as(e, &why);
}

/* zfs-fuse has rolled it back, but may not empty the caches of the kernel in a container. What
 * they have of the dataset goes with its mount, which is busy for a moment. */
static int mount_anew(const char *name, struct err *e)
{
	int64_t deadline = deadline_in(BUSY_MS);
	struct err why = { 0 };

	for (;;) {
		zfs_unmount(name, NULL);
		if (zfs_mount(name, &why) == 0) return 0;
		if (!is_busy(&why) || !deadline_left(deadline))
			return fail_as(e, &why);
		wait_fds(NULL, 0, deadline_in(PAUSE_MS), NULL);
	}
}

int zfs_rollback(const char *name, const char *label, bool destroy_newer, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *snapshot = arena_printf(&m, "%s@%s", name, label);
	char *argv[] = { "zfs", "rollback", destroy_newer ? "-r" : snapshot,
		         destroy_newer ? snapshot : NULL, NULL };
	struct err why = { 0 };

	if (zfs_insist(name, argv, name, &why) == 0) return 0;
	if (!strstr(why.text, "drop_caches failed")) return fail_as(e, &why);
	return mount_anew(name, e);
}
