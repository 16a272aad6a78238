/* A jail that is a dataset: its snapshots and child datasets are destroyed with it, one by one,
 * as they were listed. If a step fails while nothing is destroyed yet, the jail gets its name
 * back. */

#include "lib/store/removal_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_replica.h"

enum { GONE_NAMED = 5, TAKE_BACK_TRIES = 5 };

/* -- listed -- */

static bool removal_zfs_has_mount(const struct removal *r, const struct mount *mnt)
{
	const char *name = zfs_of(mnt);

	return name && zfs_is_within(name, r->dataset);
}

/* The dataset mounted there may belong elsewhere, for example somebody's data, bind mounted
 * here. */
static int check_place(const struct removal_place *p, const struct zfs_item *d, struct err *e)
{
	char real[PATH_MAX];

	if (d->mountpoint[0] == '/' &&
	    (!realpath(d->mountpoint, real) || strcmp(real, p->path)))
		return fail(e, ERR_BUSY, "the dataset %s, which is mounted there, belongs at "
		            "%s: umount '%s'", d->name, d->mountpoint, p->path);
	for (size_t i = 0; i < p->t.n; i++) {
		const char *of = zfs_of(&p->t.v[i]);

		if (of && str_eq(of, d->name) && strcmp(p->t.v[i].point, p->path))
			return fail(e, ERR_BUSY, "its dataset %s is mounted at %s as well: "
			            "umount that first", d->name, p->t.v[i].point);
	}
	return 0;
}

/* Refuse if a child dataset has its files outside of the jail. A mountpoint property may
 * contain symbolic links, so that it differs from p->path: paths below the jail's own
 * mountpoint are inside. */
static int check_child(const struct removal_place *p, const struct zfs_item *top,
                       const struct zfs_item *d, struct err *e)
{
	const char *outside = NULL;

	if (!d->mounted && d->mountpoint[0] == '/' && !mount_path_in(d->mountpoint, p->path) &&
	    !(top->mountpoint[0] == '/' && mount_path_in(d->mountpoint, top->mountpoint)))
		outside = d->mountpoint;
	for (size_t i = 0; d->mounted && i < p->t.n; i++) {
		const char *of = zfs_of(&p->t.v[i]), *point = p->t.v[i].point;

		if (of && str_eq(of, d->name) && !mount_path_in(point, p->path))
			outside = point;
	}
	if (!outside) return 0;
	return fail(e, ERR_BUSY,
	            "%s would go with it, and its place is %s, outside of the jail: zfs rename "
	            "or zfs destroy '%s' first", d->name, outside, d->name);
}

static int check_item(const struct removal_place *p, const struct zfs_item *top,
                      const struct zfs_item *d, struct err *e)
{
	if (d->held)
		return fail(e, ERR_BUSY, "the snapshot %s is held: 'zfs holds' shows by whom, "
		            "'zfs release' ends it", d->name);
	if (d->readonly && !zfs_kind_is_standby(top->kind))
		return fail(e, ERR_HOST,
		            "%s is read-only: zfs inherit readonly '%s', or import "
		            "its pool to be "
		            "written", d->name, d->name);
	return d == top || zfs_item_is_snapshot(d) ? 0 : check_child(p, top, d, e);
}

static int check_locked(struct arena *m, const struct removal *r, struct err *e)
{
	const char *locked = NULL;

	for (size_t i = 1; i < r->items.n && !locked; i++)
		if (!r->items.v[i].mounted && !zfs_item_is_snapshot(&r->items.v[i]))
			locked = zfs_locked_within(m, r->dataset);
	if (!locked) return 0;
	return fail(e, ERR_BUSY, "%s would go with it, and is locked: look into it after zfs "
	            "load-key '%s', or zfs destroy it, first", locked, locked);
}

/* The dataset that contains all jails is not a jail. */
static int check_above(const struct removal_place *p, const char *dataset, struct err *e)
{
	const struct mount *mnt = mount_of(&p->t, p->store->fd, e);

	if (!mnt) return -1;
	if (!zfs_is_within(mnt->source, dataset)) return 0;
	return fail(e, ERR_BUSY, "its dataset %s holds all jails", dataset);
}

/* The dataset hides files in its mount point. A clone of the mount above, without the mounts
 * below it, shows them. */
static int check_beneath(const struct removal_place *p, const char *dataset, struct err *e)
{
	AUTOCLOSE int above = (int)syscall(SYS_open_tree, p->store->fd, "",
	                                   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	AUTOCLOSE int point = above < 0 ? -1 :
	                      openat(above, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	                             O_CLOEXEC);

	if (point < 0 || dir_is_empty(point) != 0) return 0;
	return fail(e, ERR_HOST,
	            "its dataset hides files in the directory that it is mounted on; to see "
	            "them in %s: zfs unmount '%s'", p->path, dataset);
}

static int removal_zfs_look(const struct removal_place *p, struct removal *r, struct err *e)
{
	struct arena *m = p->store->m;
	const struct zfs_items *all = &r->items;

	if (check_above(p, r->dataset, e) < 0) return -1;
	if (zfs_items_read(m, r->dataset, &r->items, e) < 0) return -1;
	if (check_place(p, &all->v[0], e) < 0) return -1;
	for (size_t i = 0; i < all->n; i++) {
		const struct zfs_item *d = &all->v[i];

		if (check_item(p, &all->v[0], d, e) < 0) return -1;
		if (i)
			words_add(zfs_item_is_snapshot(d) ? &r->snapshots : &r->children,
			          d->name);
	}
	if (check_beneath(p, r->dataset, e) < 0 || check_locked(m, r, e) < 0) return -1;
	return zfs_items_check_order(all, e) < 0 ? -1 : zfs_items_check_clones(m, all, e);
}

static int removal_zfs_check_same(struct arena *m, const struct removal *shown,
                                  const struct removal *now, struct err *e)
{
	const struct zfs_item *item = zfs_items_new(&shown->items, &now->items);

	if (!item) return 0;
	if (item == &now->items.v[0])
		return removal_changed(shown, "another jail has its name", e);
	return removal_changed(shown, arena_printf(m, "%s is new", item->name), e);
}

/* -- deleted -- */

/* Files in the mount point were hidden by the dataset: the user did not see them and did not
 * agree to delete them. */
static int remove_bare(const struct store *s, const char *name, struct err *e)
{
	struct err why = { 0 };

	if (store_remove_point(s, name, &why) == 0) return 0;
	if (why.sys != ENOTEMPTY && why.sys != EEXIST)
		return fail(e, why.kind, "its dataset is destroyed, but not the directory that "
		            "it was mounted on: %s", why.text);
	return fail(e, ERR_HOST, "its dataset is destroyed, but there are files in the "
	            "directory that it was "
	            "mounted on, jails/%s: 'jlmkr remove %s' deletes these, too", name, name);
}

static void list_datasets(const struct removal *r, bool all, struct words *names)
{
	for (size_t i = all ? 0 : 1; i < r->items.n; i++) {
		const struct zfs_item *item = &r->items.v[i];

		if (!zfs_item_is_snapshot(item) && (all || item->stays))
			words_add(names, item->name);
	}
}

/* Check that the dataset `now` contains only what was listed, and that nothing elsewhere
 * depends on it. */
static int check_list(const struct store *s, const struct removal *r, const char *now,
                      struct zfs_items *items, struct err *e)
{
	const struct zfs_item *new;

	if (zfs_items_read(s->m, now, items, e) < 0) return -1;
	if (!(new = zfs_items_new(&r->items, items)))
		return zfs_items_check_clones(s->m, items, e);
	return removal_changed(r, arena_printf(s->m, "%s%s is new", r->dataset,
	                                       new->name + strlen(now)), e);
}

static int tell_gone(struct arena *m, const struct words *gone, const struct err *why,
                     struct err *e)
{
	struct str list = { .m = m };

	for (size_t i = 0; i < gone->n && i < GONE_NAMED; i++)
		str_addf(&list, "%s%s", i ? ", " : "", gone->v[i]);
	if (gone->n > GONE_NAMED) str_addf(&list, " and %zu more", gone->n - GONE_NAMED);
	return fail(e, why->kind, "%s; destroyed already: %s", why->text, str_text(&list));
}

/* Destroys it under its own name. */
static int removal_zfs_destroy(struct trash *t, struct err *e)
{
	const struct removal *r = t->r;
	struct arena *m = t->store->m;
	struct words names = { .m = m }, gone = { .m = m };
	struct zfs_items items;
	struct mounts before;
	struct err why = { 0 };

	list_datasets(r, true, &names);
	if (mounts_read(m, &before, e) < 0 || zfs_unmount_all(&before, &names, e) < 0)
		return -1;
	if (check_list(t->store, r, r->dataset, &items, &why) == 0 &&
	    zfs_items_destroy(&items, &gone, &why) == 0)
		return remove_bare(t->store, r->name, e);
	zfs_mount_again(&before, &names);
	return gone.n ? tell_gone(m, &gone, &why, e) : fail_as(e, &why);
}

static int give_name_back(const struct trash *t, struct err *e)
{
	const struct removal *r = t->r;

	/* Tries several times: a sweep would delete a jail that kept its hidden name. */
	for (int i = 0; zfs_rename(t->dataset, r->dataset, e) < 0 &&
	     !zfs_exists(r->dataset); i++)
		if (i == TAKE_BACK_TRIES) return -1;
	zfs_set_kind(r->dataset, zfs_kind_before(r->items.v[0].kind), NULL);
	zfs_mount_again(&t->before, &t->apart);
	store_remove_point(t->store, t->hidden.entry, NULL);
	return 0;
}

/* Children with mountpoints of their own are unmounted first: a rename would mount them there
 * again. 1: hidden; 0: not possible, perhaps because the pool is full; -1: in use. */
static int rename_dataset_to_hidden(struct trash *t, struct err *e)
{
	const char *from = t->r->dataset;
	const char *before = zfs_kind_before(t->r->items.v[0].kind);
	bool is_standby = zfs_kind_is_standby(before);
	const char *kind = arena_printf(t->store->m, "%s=%" PRIx64 "%s%s", t->hidden.mark,
	                                zfs_items_sum(&t->r->items), is_standby ? " " : "",
	                                is_standby ? before : "");
	struct err why = { 0 };

	list_datasets(t->r, false, &t->apart);
	if (mounts_read(t->store->m, &t->before, e) < 0) return -1;
	if (zfs_set_kind(from, kind, NULL) < 0) return 0;
	if (zfs_unmount_all(&t->before, &t->apart, &why) == 0) {
		if (zfs_rename(from, t->dataset, &why) == 0) return 1;
		/* The rename may have worked, and only the mount failed. */
		if (zfs_is_gone(from) && zfs_exists(t->dataset)) return 1;
		if (why.kind != ERR_BUSY) zfs_mount(from, NULL);
	}
	zfs_set_kind(from, before, NULL);
	zfs_mount_again(&t->before, &t->apart);
	return why.kind == ERR_BUSY ? fail(e, ERR_BUSY, "%s", why.text) : 0;
}

/* From now on a sweep may destroy the rest of it, but not what is created later. */
static void confirm_destruction(const struct trash *t, const struct zfs_items *items)
{
	uint64_t txg = 0;

	if (items->n < 2) return;
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i].txg > txg) txg = items->v[i].txg;
	zfs_set_kind(t->dataset, arena_printf(t->store->m, "%s:%" PRIu64, t->hidden.mark, txg),
	             NULL);
}

/* Releases the lock of the store before the destruction begins. */
static int destroy_hidden(struct trash *t, struct words *gone, struct err *e)
{
	struct zfs_items items;

	if (check_list(t->store, t->r, t->dataset, &items, e) < 0) return -1;
	confirm_destruction(t, &items);
	close(take_fd(&t->all));
	return zfs_items_destroy(&items, gone, e);
}

static int removal_zfs_empty(struct trash *t, struct err *e)
{
	struct words gone = { .m = t->store->m };
	struct err why = { 0 };

	if (destroy_hidden(t, &gone, &why) == 0) {
		store_remove_point(t->store, t->hidden.entry, NULL);
		return remove_bare(t->store, t->r->name, e);
	}
	if (!gone.n && (t->all >= 0 || (t->all = store_lock(t->store, NULL)) >= 0) &&
	    give_name_back(t, NULL) == 0)
		return fail_as(e, &why);
	if (gone.n) tell_gone(t->store->m, &gone, &why, e);
	else fail_as(e, &why);
	return trash_goes_on(t, e);
}

/* Not if the dataset is the child of another one and only mounted here, and not if its
 * mountpoint would not move with the rename. */
static bool can_be_hidden(const struct store *s, const struct removal *r)
{
	const char *own = store_dataset(s, r->name);

	return own && str_eq(r->dataset, own) && !r->items.v[0].stays;
}

static int removal_zfs_hide(struct trash *t, struct err *e)
{
	if (!can_be_hidden(t->store, t->r)) return 0;
	t->dataset = store_dataset(t->store, t->hidden.entry);
	return rename_dataset_to_hidden(t, e);
}

const struct removal_ops removal_zfs = {
	.has_mount = removal_zfs_has_mount,
	.look = removal_zfs_look,
	.check_same = removal_zfs_check_same,
	.hide = removal_zfs_hide,
	.empty = removal_zfs_empty,
	.destroy = removal_zfs_destroy,
};
