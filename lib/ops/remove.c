#include "lib/ops/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree.h"
#include "lib/disk/volume.h"
#include "lib/disk/zfs.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/inuse.h"
#include "lib/ops/trash.h"
#include "lib/store/staging.h"

enum { STOP_SECONDS = 90 };

/* What is looked at, and how. */
struct look {
	struct engine *en;
	const struct store *jails;
	const char *name;
	bool runs, deep;	/* deep: also at each file of a directory */
	int jail;
	const char *path;
	struct mounts t;
};

/* -- whatever the jail is -- */

static bool is_part(const struct mount *mnt, const char *dataset)
{
	const char *name = zfs_of(mnt);

	return dataset && name && zfs_is_within(name, dataset);
}

/* A stop undoes what the hooks have mounted, if one of them is there for that. */
static bool may_unmount(const struct look *l)
{
	struct conf c;

	return l->runs && jail_conf(l->en->m, l->en->host->dir, l->name, &c, NULL) == 0 &&
	       *c.post_stop_hook.text;
}

/* Before anything is renamed: what is mounted into a jail would go on living under
 * the hidden name. */
static int check_mounts(const struct look *l, const char *dataset, struct err *e)
{
	const struct mount *inside = NULL;

	while ((inside = mount_beneath(&l->t, l->path, inside)))
		if (!is_part(inside, dataset) && !may_unmount(l))
			return fail(e, ERR_BUSY, "something is mounted in it: umount '%s'", inside->point);
	return 0;
}

static int fail_read_only(const struct look *l, int fd, const char *path, struct err *e)
{
	const struct mount *mnt = mount_of(&l->t, fd, NULL);
	const char *dataset = mnt ? zfs_of(mnt) : NULL;

	if (volume_is_fixed(fd))
		return fail(e, ERR_HOST, "%s is read-only: btrfs property set '%s' ro false", path, path);
	if (dataset)
		return fail(e, ERR_HOST, "%s is read-only: zfs inherit readonly '%s', or import its pool to be "
		            "written", path, dataset);
	return fail(e, ERR_HOST, "%s is read-only: mount -o remount,rw '%s'", path, mnt ? mnt->point : path);
}

/* Root may write wherever anything may be written. */
static int check_writable(const struct look *l, struct err *e)
{
	const struct store *j = l->jails;

	if (faccessat(j->fd, ".", W_OK, 0) < 0 && errno == EROFS) return fail_read_only(l, j->fd, j->path, e);
	if (faccessat(l->jail, ".", W_OK, 0) < 0 && errno == EROFS)
		return fail_read_only(l, l->jail, l->path, e);
	return tree_check_flags(j->fd, j->path, e) < 0 ? -1 : trash_try(j, l->name, e);
}

/* -- a dataset -- */

/* What is mounted there may belong elsewhere: a folder of somebody's data, bound to here. */
static int check_place(const struct look *l, const struct zfs_item *d, struct err *e)
{
	char real[PATH_MAX];

	if (d->mountpoint[0] == '/' && (!realpath(d->mountpoint, real) || strcmp(real, l->path)))
		return fail(e, ERR_BUSY, "the dataset %s, which is mounted there, belongs at %s: umount '%s'",
		            d->name, d->mountpoint, l->path);
	for (size_t i = 0; i < l->t.n; i++) {
		const char *of = zfs_of(&l->t.v[i]);

		if (of && str_eq(of, d->name) && strcmp(l->t.v[i].point, l->path))
			return fail(e, ERR_BUSY, "its dataset %s is mounted at %s as well: umount that first",
			            d->name, l->t.v[i].point);
	}
	return 0;
}

/* A dataset below the jail's, whose files are elsewhere. A mountpoint may lead through links: the
 * jail's own is right, whatever it looks like. */
static int check_child(const struct look *l, const struct zfs_item *top, const struct zfs_item *d,
                       struct err *e)
{
	const char *outside = NULL;

	if (!d->mounted && d->mountpoint[0] == '/' && !mount_path_in(d->mountpoint, l->path) &&
	    !(top->mountpoint[0] == '/' && mount_path_in(d->mountpoint, top->mountpoint)))
		outside = d->mountpoint;
	for (size_t i = 0; d->mounted && i < l->t.n; i++) {
		const char *of = zfs_of(&l->t.v[i]), *point = l->t.v[i].point;

		if (of && str_eq(of, d->name) && !mount_path_in(point, l->path)) outside = point;
	}
	if (!outside) return 0;
	return fail(e, ERR_BUSY, "%s would go with it, and its place is %s, outside of the jail: zfs rename "
	            "or zfs destroy '%s' first", d->name, outside, d->name);
}

static int check_item(const struct look *l, const struct zfs_item *top, const struct zfs_item *d,
                      struct err *e)
{
	if (d->held)
		return fail(e, ERR_BUSY, "the snapshot %s is held: 'zfs holds' tells by whom, 'zfs release' ends it",
		            d->name);
	if (d->readonly)
		return fail(e, ERR_HOST, "%s is read-only: zfs inherit readonly '%s', or import its pool to be "
		            "written", d->name, d->name);
	return d == top || zfs_item_is_snapshot(d) ? 0 : check_child(l, top, d, e);
}

static int check_locked(struct arena *m, const struct removal *r, struct err *e)
{
	const char *locked = NULL;

	for (size_t i = 1; i < r->items.n && !locked; i++)
		if (!r->items.v[i].mounted && !zfs_item_is_snapshot(&r->items.v[i]))
			locked = zfs_locked_within(m, r->dataset);
	if (!locked) return 0;
	return fail(e, ERR_BUSY, "%s would go with it, and is locked: zfs load-key '%s' and look, or zfs destroy "
	            "it, first", locked, locked);
}

/* The dataset that holds the jails themselves is none of them. */
static int check_above(const struct look *l, const char *dataset, struct err *e)
{
	const struct mount *mnt = mount_of(&l->t, l->jails->fd, e);

	if (!mnt) return -1;
	if (!zfs_is_within(mnt->source, dataset)) return 0;
	return fail(e, ERR_BUSY, "its dataset %s holds all jails", dataset);
}

/* Files in the directory that the dataset is mounted on are seen by a mount of what is above it,
 * without those that lie on it. */
static int check_beneath(const struct look *l, const char *dataset, struct err *e)
{
	AUTOCLOSE int above = (int)syscall(SYS_open_tree, l->jails->fd, "",
	                                   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	AUTOCLOSE int point = above < 0 ? -1 : openat(above, l->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	                                              O_CLOEXEC);
	AUTODIR DIR *dir = point < 0 ? NULL : dir_names(point);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			return fail(e, ERR_HOST, "there are files in the directory that its dataset is mounted on, which "
			            "nobody sees: zfs unmount '%s' shows them in %s", dataset, l->path);
	return 0;
}

static int look_at_dataset(const struct look *l, struct removal *r, struct err *e)
{
	struct arena *m = l->en->m;
	const struct zfs_items *all = &r->items;

	if (check_above(l, r->dataset, e) < 0) return -1;
	if (zfs_items_read(m, r->dataset, &r->items, e) < 0) return -1;
	if (check_place(l, &all->v[0], e) < 0) return -1;
	for (size_t i = 0; i < all->n; i++) {
		const struct zfs_item *d = &all->v[i];

		if (check_item(l, &all->v[0], d, e) < 0) return -1;
		if (i) words_add(zfs_item_is_snapshot(d) ? &r->snapshots : &r->children, d->name);
	}
	if (check_beneath(l, r->dataset, e) < 0 || check_locked(m, r, e) < 0) return -1;
	return zfs_items_check_order(all, e) < 0 ? -1 : zfs_items_check_clones(m, all, e);
}

/* -- a directory -- */

/* It is no mount, but could be that of a dataset which is not mounted: what is in that stays. */
static int check_unmounted(const struct look *l, struct err *e)
{
	const struct store *j = l->jails;
	const char *dataset = store_dataset(j, l->name);
	const char *why = zfs_unmounted(j->m, l->path);
	const struct zfs_dataset *d;
	size_t n;

	if (why) return fail(e, ERR_HOST, "%s", why);
	if (!dataset || zfs_is_gone(dataset)) return 0;
	if (!(d = zfs_list(j->m, dataset, 0, &n, e))) return -1;
	if (!n || d->mounted) return 0;
	return fail(e, ERR_HOST, "its dataset %s is not mounted: zfs mount '%s'", dataset, dataset);
}

/* Subvolumes may be made at any time, and only on btrfs. */
static int look_at_directory(const struct look *l, struct removal *r, struct err *e)
{
	struct stat st;

	if (check_unmounted(l, e) < 0) return -1;
	if (fstat(l->jail, &st) < 0) return fail_sys(e, "fstat");
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	if ((r->dir = openat(l->jail, ".", O_PATH | O_CLOEXEC)) < 0) return fail_sys(e, "open %s", l->path);
	if (!l->deep && !volume_fs(l->jail)) return 0;
	if (survey_tree(l->en->m, l->jail, l->path, &r->survey, e) < 0) return -1;
	for (size_t i = 0; i < r->survey.n; i++)
		words_addf(&r->volumes, "%s/%s", l->path, r->survey.v[i].path);
	return 0;
}

static int look(struct look *l, struct removal *r, struct err *e)
{
	struct arena *m = l->en->m;
	AUTOCLOSE int jail = jail_open(l->en->host->dir, l->name, e);

	*r = (struct removal){ .name = l->name, .children.m = m, .snapshots.m = m, .volumes.m = m, .dir = -1 };
	l->jail = jail;
	if (jail < 0 || !(l->path = mount_fd_path(m, jail, e)) || mounts_read(m, &l->t, e) < 0) return -1;
	r->dataset = zfs_at(&l->t, l->path);
	if (check_writable(l, e) < 0 || check_mounts(l, r->dataset, e) < 0) return -1;
	if (inuse_check(m, jail, l->path, l->name, l->runs, e) < 0) return -1;
	return r->dataset ? look_at_dataset(l, r, e) : look_at_directory(l, r, e);
}

/* -- */

void removal_close(struct removal *r)
{
	if (r->dir >= 0) close(r->dir);
	r->dir = -1;
}

int removal_changed(const struct removal *r, const char *what, struct err *e)
{
	return fail(e, ERR_BUSY, "it changed since %s: %s; nothing was removed",
	            r->asked ? "you were asked" : "it was looked at", what);
}

/* What went by itself meanwhile is no loss of ours. */
static int check_same(struct arena *m, const struct removal *shown, const struct removal *now,
                      struct err *e)
{
	const struct zfs_item *item;
	const struct survey_volume *volume;

	if (!shown->dataset != !now->dataset || (!now->dataset &&
	    (shown->dev != now->dev || shown->ino != now->ino)))
		return removal_changed(shown, "another jail has its name", e);
	if (shown->dataset && zfs_items_new(&shown->items, &now->items) == &now->items.v[0])
		return removal_changed(shown, "another jail has its name", e);
	if ((item = zfs_items_new(&shown->items, &now->items)))
		return removal_changed(shown, arena_printf(m, "%s is new", item->name), e);
	if ((volume = survey_new(&shown->survey, &now->survey)))
		return removal_changed(shown, arena_printf(m, "the subvolume %s is new", volume->path), e);
	return 0;
}

int op_remove_look(struct engine *en, const char *name, struct removal *r, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };
	struct look l = { .en = en, .jails = &jails, .name = name, .deep = true };

	*r = (struct removal){ .dir = -1 };
	if (store_look(en->m, en->host->dir, &jails, e) < 0) return -1;
	l.runs = engine_runs(en, name, NULL) == 1;
	return look(&l, r, e);
}

static int look_again(struct look *l, const struct removal *shown, struct removal *now, struct err *e)
{
	if (look(l, now, e) < 0) return -1;
	now->asked = shown->asked;
	return check_same(l->en->m, shown, now, e);
}

/* What was done to stop it may have changed something. */
static int stop(struct look *l, const struct removal *shown, struct removal *now, struct err *e)
{
	const struct stop_how how = { .timeout = STOP_SECONDS };
	int rc = engine_stop(l->en, l->name, &how, e);

	if (rc < 0) return fail_in(e, "stopping %s", l->name);
	if (rc == 1 && !l->runs) return 0;
	l->runs = false;
	removal_close(now);
	return look_again(l, shown, now, e) < 0 ? fail_in(e, "removing %s, which was stopped", l->name) : 0;
}

int op_remove(struct engine *en, const char *name, const struct removal *shown, struct err *e)
{
	const char *dir = en->host->dir;
	AUTOSTORE jails = { .fd = -1 };
	AUTOCLOSE int lock = -1;
	AUTOREMOVAL now = { .dir = -1 };
	struct look l = { .en = en, .jails = &jails, .name = name };

	if (store_look(en->m, dir, &jails, e) < 0 || jail_check(en->m, dir, name, e) < 0) return -1;
	/* Nobody starts it again. */
	if ((lock = jail_lock(dir, name, e)) < 0) return -1;
	l.runs = engine_runs(en, name, NULL) == 1;
	if (look_again(&l, shown, &now, e) < 0) return fail_in(e, "removing %s", name);
	if (stop(&l, shown, &now, e) < 0) return -1;
	if (trash_jail(&jails, &now, e) < 0) return fail_in(e, "removing %s", name);
	staging_sweep(&jails, NULL);
	return 0;
}

int op_remove_rest(struct engine *en, const char *name, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };

	if (store_look(en->m, en->host->dir, &jails, NULL) < 0 || !staging_has_rest(&jails, name)) return 0;
	if (staging_sweep(&jails, e) < 0) return -1;
	if (!staging_has_rest(&jails, name)) return 1;
	return fail(e, ERR_BUSY, "not all is gone: another command is at it, or a warning above tells why");
}
