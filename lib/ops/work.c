/* Two locks: that of a hidden directory says that somebody works in it, and is on the
 * directory itself while only root can open that; that of jails/ is held for moments, so
 * that nobody sees a hidden directory between its making and its locking. */

#include "lib/ops/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/jail/layout.h"

/* A lock of its own: closing the descriptor that is returned ends it. Programs inherit it: a
 * zfs that outlives us keeps others away until it has ended. Nobody has it for long, but ZFS
 * may take its time, and nothing that is almost done is given up for that. */
static int lock_jails(const struct jails *j, struct err *e)
{
	return lock_of(j->fd, NO_DEADLINE, "the jailmaker directory", e);
}

static int open_dir(int at, const char *name, struct err *e)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", name) : fd;
}

static int list_litter(int jails, struct words *found, struct err *e)
{
	AUTODIR DIR *dir = dir_names(jails);
	struct dirent *d;

	if (!dir) return fail_sys(e, "open " LAYOUT_JAILS);
	while ((d = readdir(dir)))
		if (layout_is_create(d->d_name) || layout_is_remove(d->d_name))
			words_add(found, d->d_name);
	return 0;
}

/* The lock of an entry that nobody works in, or -1. */
static int claim(const struct jails *j, const char *name)
{
	AUTOCLOSE int all = lock_jails(j, NULL), fd = -1;
	AUTOLOCK int removal = -1;

	if (all < 0 || (fd = open_dir(j->fd, name, NULL)) < 0) return -1;
	if (lock_take(fd, now_ms(), name, NULL) < 0) return -1;
	if ((removal = lock_of(fd, now_ms(), name, NULL)) < 0) return -1;
	return take_fd(&fd);
}

static const char *dataset_name(const struct jails *j, const char *entry)
{
	return arena_printf(j->m, "%s/%s", j->home, entry);
}

/* The dataset that is mounted at an entry, or NULL; not every jail in a dataset is one. */
static const char *dataset_of(const struct jails *j, int entry)
{
	const char *path;
	struct mounts t;

	if (mounts_read(j->m, &t, NULL) < 0 || !(path = mount_fd_path(j->m, entry, NULL))) return NULL;
	return zfs_at(&t, path);
}

static int remove_point(const struct jails *j, const char *entry, struct err *e)
{
	if (unlinkat(j->fd, entry, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
	return fail_sys(e, "remove %s", entry);
}

/* Dataset and mount point. Nobody may see the one without the other, and nobody's lock
 * may keep it busy. */
static int destroy_entry(const struct jails *j, const char *dataset, const char *entry,
                         struct err *e)
{
	AUTOCLOSE int all = lock_jails(j, e);

	return all < 0 || zfs_destroy(dataset, e) < 0 ? -1 : remove_point(j, entry, e);
}

/* What is mounted there under another name is not of our making: it is left, and named. */
static int delete(const struct jails *j, const char *entry, int *held, struct err *e)
{
	const char *dataset = dataset_of(j, *held);

	if (!dataset || !j->home || !str_eq(dataset, dataset_name(j, entry)))
		return tree_remove(j->fd, entry, e);
	close(take_fd(held));
	return destroy_entry(j, dataset, entry, e);
}

static void sweep_entry(const struct jails *j, const char *entry)
{
	AUTOCLOSE int held = claim(j, entry);
	struct err why = { 0 };

	if (held < 0) return;
	out_verbose("removing %s, which a run that was killed has left", entry);
	if (delete(j, entry, &held, &why) < 0) out_warn("%s stays: %s", entry, why.text);
}

/* Killed before its dataset was mounted. Whoever makes one does so under this lock. */
static int sweep_unmounted(const struct jails *j, struct err *e)
{
	AUTOCLOSE int all = lock_jails(j, e);
	struct zfs_dataset *d;
	struct err why = { 0 };
	size_t n;

	if (all < 0 || !(d = zfs_list(j->m, j->home, 1, &n, e))) return -1;
	for (; n; n--, d++) {
		const char *slash = strrchr(d->name, '/'), *entry = slash ? slash + 1 : d->name;

		if (d->mounted || (!layout_is_create(entry) && !layout_is_remove(entry))) continue;
		out_verbose("destroying %s, which a run that was killed has left", d->name);
		if (zfs_destroy(d->name, &why) < 0) out_warn("%s stays: %s", d->name, why.text);
	}
	return 0;
}

int work_sweep(const struct jails *j, struct err *e)
{
	struct words litter = { .m = j->m };

	if (j->home && sweep_unmounted(j, e) < 0) return -1;
	if (list_litter(j->fd, &litter, e) < 0) return -1;
	for (size_t i = 0; i < litter.n; i++) {
		sweep_entry(j, litter.v[i]);
		if (check_signal(e) < 0) return -1;
	}
	return 0;
}

static int check_free(const struct jails *j, const char *name, struct err *e)
{
	if (faccessat(j->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return 0;
	return fail(e, ERR_EXISTS, "there is a jail %s already", name);
}

int work_check_dataset(const struct jails *j, const char *name, struct err *e)
{
	const char *dataset = j->home ? dataset_name(j, name) : NULL;

	if (!dataset || !zfs_exists(dataset)) return 0;
	return fail(e, ERR_EXISTS, "there is a dataset %s already, and it is not mounted at jails/%s: zfs mount "
	            "'%s', if it is a jail", dataset, name, dataset);
}

int work_begin(const struct jails *j, const char *name, struct work *w, struct err *e)
{
	const char *hidden = layout_create_name(j->m, name);
	AUTOCLOSE int all = lock_jails(j, e), dir = -1;
	bool made;

	*w = (struct work){ .jails = j, .name = name, .dir = -1, .lock = -1 };
	if (all < 0 || check_free(j, name, e) < 0 || work_check_dataset(j, name, e) < 0) return -1;
	made = mkdirat(j->fd, hidden, 0700) == 0;
	if (!made && errno != EEXIST) return fail_sys(e, "create %s", hidden);
	if ((dir = open_dir(j->fd, hidden, e)) < 0) return -1;
	if (lock_take(dir, now_ms(), name, e) < 0) return -1;
	if (!made) return fail(e, ERR_HOST, "%s, left by a run that was killed, is in the way", hidden);
	w->dir = take_fd(&dir);
	return 0;
}

/* What was mounted over the hidden directory; mountpoint=legacy and the like mount
 * nothing. */
static int enter_dataset(struct work *w, const char *hidden, struct err *e)
{
	AUTOCLOSE int dir = open_dir(w->jails->fd, hidden, e);
	const char *mounted;

	if (dir < 0) return -1;
	mounted = dataset_of(w->jails, dir);
	if (!mounted || !str_eq(mounted, w->dataset))
		return fail(e, ERR_HOST, "%s is not mounted where it belongs; look at its mountpoint "
		            "and canmount", w->dataset);
	if (lock_take(dir, now_ms(), w->name, e) < 0) return -1;
	if (fchmod(dir, 0700) < 0) return fail_sys(e, "chmod %s", hidden);
	w->lock = w->dir;
	w->dir = take_fd(&dir);
	return 0;
}

int work_own(struct work *w, const char *origin, struct err *e)
{
	const struct jails *j = w->jails;
	const char *hidden = layout_create_name(j->m, w->name), *dataset;
	AUTOCLOSE int all = -1;

	if (!j->home || w->dataset) return 0;
	if ((all = lock_jails(j, e)) < 0) return -1;
	dataset = dataset_name(j, hidden);
	if ((origin ? zfs_clone(origin, dataset, e) : zfs_create(dataset, e)) < 0) return -1;
	w->dataset = dataset;
	return enter_dataset(w, hidden, e);
}

static int finish_directory(const struct work *w, struct err *e)
{
	const struct jails *j = w->jails;

	if (renameat(j->fd, layout_create_name(j->m, w->name), j->fd, w->name) < 0)
		return fail_sys(e, "rename to %s", w->name);
	return fsync(j->fd) < 0 ? fail_sys(e, "fsync " LAYOUT_JAILS) : 0;
}

/* A rename of ZFS is of a transaction group, all that was written before it is of the
 * same or an earlier one: nothing has to be synced. */
static int finish_dataset(struct work *w, struct err *e)
{
	const struct jails *j = w->jails;
	const char *name = dataset_name(j, w->name);
	AUTOCLOSE int dir = -1;

	close(take_fd(&w->dir));
	if (zfs_rename(w->dataset, name, e) < 0) return -1;
	w->dataset = name;
	unlinkat(j->fd, layout_create_name(j->m, w->name), AT_REMOVEDIR);
	if ((dir = open_dir(j->fd, w->name, e)) < 0) return -1;
	if (dataset_of(j, dir)) return 0;
	return fail(e, ERR_HOST, "%s was not mounted after its rename", name);
}

int work_finish(struct work *w, struct err *e)
{
	AUTOCLOSE int all = -1;

	if (!w->dataset && tree_sync(w->dir, e) < 0) return -1;
	if ((all = lock_jails(w->jails, e)) < 0 || check_free(w->jails, w->name, e) < 0) return -1;
	return w->dataset ? finish_dataset(w, e) : finish_directory(w, e);
}

/* A caught signal is why we are here: it must not stop the clearing up. A second one
 * does. */
void work_undo(struct work *w)
{
	const struct jails *j = w->jails;
	const char *hidden = layout_create_name(j->m, w->name);
	struct err why = { 0 };
	int rc;

	signal_forget();
	if (w->dataset) {
		work_close(w);
		rc = destroy_entry(j, w->dataset, strrchr(w->dataset, '/') + 1, &why);
		unlinkat(j->fd, hidden, AT_REMOVEDIR);
	} else {
		rc = tree_remove(j->fd, hidden, &why);
	}
	if (rc < 0)
		out_warn("what was made of %s is still there, the next create removes it: %s", w->name,
		         why.text);
}

void work_close(struct work *w)
{
	if (w->dir >= 0) close(w->dir);
	if (w->lock >= 0) close(w->lock);
	w->dir = w->lock = -1;
}

static bool is_free(const struct jails *j, const char *entry)
{
	return faccessat(j->fd, entry, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       !(j->home && zfs_exists(dataset_name(j, entry)));
}

static const char *free_name(const struct jails *j, const char *name)
{
	const char *hidden = NULL;

	for (unsigned n = 0; n < 1000; n++)
		if (is_free(j, hidden = layout_remove_name(j->m, name, n))) break;
	return hidden;
}

/* It is no jail any more, whatever comes. */
static int go_on(const char *name, struct err *e)
{
	return fail_in(e, "%s is gone, but not all of its files; 'jlmkr remove %s' goes on", name, name);
}

static bool is_full(const struct err *e)
{
	return e->sys == ENOSPC || e->sys == EDQUOT;
}

/* Where there is no room for a new name, what is deleted makes some. */
static int remove_directory(const struct jails *j, const char *name, int dir, struct err *e)
{
	AUTOCLOSE int all = lock_jails(j, e);
	AUTOLOCK int lock = -1;
	const char *hidden;
	struct err why = { 0 };

	/* Its own lock says that somebody works in it, under any name. Others may open it. */
	if (all < 0 || (lock = lock_of(dir, now_ms(), name, e)) < 0) return -1;
	hidden = free_name(j, name);
	if (tree_rename(j->fd, name, hidden, &why) < 0) {
		if (is_full(&why)) return tree_remove(j->fd, name, e);
		return fail(e, why.kind, "%s", why.text);
	}
	if (fsync(j->fd) < 0) return fail_sys(e, "fsync " LAYOUT_JAILS);
	close(take_fd(&all));
	return tree_remove(j->fd, hidden, e) < 0 ? go_on(name, e) : 0;
}

/* The name of the dataset from now on: a hidden one. It keeps its own when it is another's child
 * that is only mounted here, when its mountpoint would stay, and when there is no room in the pool
 * for another name. NULL: busy. */
static const char *hide(const struct jails *j, const char *name, const char *dataset,
                        const char *hidden, struct err *e)
{
	const char *to = arena_printf(j->m, "%s/%s", j->home ? j->home : "", hidden);
	struct err why = { 0 };

	if (!j->home || !str_eq(dataset, dataset_name(j, name)) || zfs_has_own_place(dataset))
		return dataset;
	if (zfs_rename(dataset, to, &why) == 0) return to;
	/* It may have been renamed and not be mounted again. */
	if (zfs_is_gone(dataset) && zfs_exists(to)) return to;
	if (why.kind == ERR_BUSY) return fail(e, why.kind, "%s", why.text), NULL;
	zfs_mount(dataset, NULL);
	return dataset;
}

/* What lay beneath the mount nobody has seen for long, and nobody has asked to delete. */
static int remove_bare(const struct jails *j, const char *name, struct err *e)
{
	struct err why = { 0 };

	if (remove_point(j, name, &why) == 0) return 0;
	if (why.sys != ENOTEMPTY && why.sys != EEXIST) return fail(e, why.kind, "%s", why.text);
	return fail(e, ERR_HOST, "its dataset is destroyed, but there are files in the directory that it was "
	            "mounted on, jails/%s: 'jlmkr remove %s' deletes these, too", name, name);
}

static int remove_dataset(const struct jails *j, const char *name, const char *dataset,
                          struct err *e)
{
	AUTOCLOSE int all = lock_jails(j, e);
	const char *hidden, *now;

	if (all < 0) return -1;
	hidden = free_name(j, name);
	if (!(now = hide(j, name, dataset, hidden, e))) return -1;
	if (str_eq(now, dataset)) return zfs_destroy_whole(now, e) < 0 ? -1 : remove_bare(j, name, e);
	if (zfs_destroy(now, e) < 0) return go_on(name, e);
	return remove_point(j, hidden, e) < 0 ? -1 : remove_bare(j, name, e);
}

int work_remove(const struct jails *j, const char *name, struct err *e)
{
	AUTOCLOSE int dir = open_dir(j->fd, name, e);
	const char *dataset = dir < 0 ? NULL : dataset_of(j, dir);

	if (dir < 0) return -1;
	if (!dataset) return remove_directory(j, name, dir, e);
	/* What is open keeps a dataset busy. */
	close(take_fd(&dir));
	return remove_dataset(j, name, dataset, e);
}

/* ".remove-NAME", ".remove-NAME:1" */
static bool is_rest_of(const struct jails *j, const char *entry, const char *name)
{
	const char *hidden = layout_remove_name(j->m, name, 0);
	size_t n = strlen(hidden);

	if (!layout_is_remove(entry) || strncmp(entry, hidden, n)) return false;
	return !entry[n] || entry[n] == ':';
}

bool work_has_rest(const struct jails *j, const char *name)
{
	struct words litter = { .m = j->m };

	if (list_litter(j->fd, &litter, NULL) == 0)
		for (size_t i = 0; i < litter.n; i++)
			if (is_rest_of(j, litter.v[i], name)) return true;
	return j->home && zfs_exists(dataset_name(j, layout_remove_name(j->m, name, 0)));
}
