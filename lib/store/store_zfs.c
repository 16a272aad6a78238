/* Jails as ZFS datasets: a dataset is mounted over the hidden directory before anything is
 * written there, and its rename moves the mount. Its mark, in a user property, says what may be
 * destroyed with it. */

#include "lib/store/store_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_below.h"
#include "lib/disk/zfs_items.h"

/* With mountpoint=legacy a new dataset is not mounted: then a directory is created instead. */
static int store_zfs_create(struct arena *m, const char *name, const char *path, struct err *e)
{
	struct mounts t;

	if (zfs_create(name, NULL, e) < 0) return -1;
	if (mounts_read(m, &t, NULL) == 0 && zfs_at(&t, path))
		return chmod(path, 0700) < 0 ? fail_sys(e, "chmod %s", path) : 0;
	out_warn("%s would not be mounted at %s, because of the mountpoint or canmount of its "
	         "parent; created a directory instead", name, path);
	return zfs_destroy_one(name, e) < 0 ? -1 : store_dir.create(m, name, path, e);
}

/* -- a jail that is being created -- */

/* A mark in a file would be below the mount, where the directory must stay empty. */
static int store_zfs_mark(const struct hidden *h, int dir, struct err *e)
{
	(void)e;
	hidden_mark_bare(h, dir);
	return 0;
}

int store_fail_not_mounted(const char *dataset, struct err *e)
{
	return fail(e, ERR_HOST, "%s is not mounted where it belongs; check its mountpoint and "
	            "canmount", dataset);
}

/* Open the dataset that was mounted over the hidden directory. With mountpoint=legacy and the
 * like, nothing was mounted. */
static int enter_dataset(struct staging *w, struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(w->jails, w->hidden.entry, e);
	const char *mounted;

	if (dir < 0) return -1;
	mounted = store_mounted(w->jails, dir);
	if (!mounted || !str_eq(mounted, w->dataset))
		return store_fail_not_mounted(w->dataset, e);
	if (fchmod(dir, 0700) < 0) return fail_sys(e, "chmod %s", w->hidden.entry);
	close(w->dir);
	w->dir = take_fd(&dir);
	return 0;
}

/* If the dataset was created but could not be mounted, it is destroyed again. */
static int make_jail_dataset(const char *origin, const char *dataset, const char *mark,
                             const char *canmount, struct err *e)
{
	struct err why = { 0 };

	if ((origin ? zfs_clone(origin, dataset, mark, canmount, &why) :
	     zfs_create(dataset, mark, &why)) == 0)
		return 0;
	if (zfs_says_not_mounted(&why)) zfs_destroy_one(dataset, NULL);
	return fail_as(e, &why);
}

int store_clone_below(struct arena *m, const struct zfs_below *b, size_t i, const char *origin,
                      const char *top, const char *mark, struct err *e)
{
	const char *name = zfs_below_name(b, i);

	return make_jail_dataset(arena_printf(m, "%s%s%s", b->of, name, strchr(origin, '@')),
	                         arena_printf(m, "%s%s", top, name), mark,
	                         zfs_below_canmount(b, i), e);
}

/* Those below it are mounted in it, and move with it. */
static int clone_below(struct staging *w, const char *origin, struct err *e)
{
	const struct zfs_below *b = w->below;
	struct arena *m = w->jails->m;

	for (; b && w->below_n < b->n; w->below_n++) {
		const char *name = zfs_below_name(b, w->below_n);

		if (zfs_below_check_way(w->dir, name, e) < 0) return -1;
		if (store_clone_below(m, b, w->below_n, origin, w->dataset, w->hidden.mark,
		                      e) < 0)
			return -1;
	}
	return 0;
}

static int store_zfs_own(struct staging *w, const char *origin, struct err *e)
{
	const char *dataset;

	if (w->dataset) return 0;
	dataset = store_dataset(w->jails, w->hidden.entry);
	if (make_jail_dataset(origin, dataset, w->hidden.mark, NULL, e) < 0) return -1;
	w->dataset = dataset;
	return enter_dataset(w, e) < 0 ? -1 : clone_below(w, origin, e);
}

/* ZFS renames in a transaction group. What was written before is in the same or an earlier one,
 * so nothing has to be synced. */
static int store_zfs_sync(const struct staging *w, struct err *e)
{
	(void)w;
	(void)e;
	return 0;
}

static int store_zfs_finish(struct staging *w, struct err *e)
{
	const struct store *s = w->jails;
	const char *name = store_dataset(s, w->name);
	AUTOCLOSE int dir = -1;

	close(take_fd(&w->dir));
	if (zfs_rename(w->dataset, name, e) < 0) return -1;
	w->dataset = name;
	store_remove_point(s, w->hidden.entry, NULL);
	if ((dir = store_open_entry(s, w->name, e)) < 0) return -1;
	if (store_mounted(s, dir)) return 0;
	return fail(e, ERR_HOST, "%s was not mounted after its rename", name);
}

/* Until staging_own it is a directory. */
static int store_zfs_undo(const struct staging *w, struct err *e)
{
	const struct store *s = w->jails;
	int rc;

	if (!w->dataset) return store_dir.undo(w, e);
	for (size_t i = w->below_n; i-- > 0;)
		if (zfs_destroy_one(arena_printf(s->m, "%s%s", w->dataset,
		                                 zfs_below_name(w->below, i)), e) < 0)
			return -1;
	if ((rc = zfs_destroy_one(w->dataset, e)) == 0)
		store_remove_point(s, strrchr(w->dataset, '/') + 1, NULL);
	store_remove_point(s, w->hidden.entry, NULL);
	return rc;
}

static bool dataset_is_there(const struct store *s, const char *dataset)
{
	if (!s->listed || !s->listed->v) return zfs_exists(dataset);
	for (size_t i = 0; i < s->listed->n; i++)
		if (str_eq(s->listed->v[i].name, dataset)) return true;
	return false;
}

/* One that comes after the list makes the rename fail. */
static int store_zfs_check_name(const struct store *s, const char *name, struct err *e)
{
	const char *dataset = store_dataset(s, name);

	if (!dataset_is_there(s, dataset)) return 0;
	return fail(e, ERR_EXISTS, "dataset %s already exists, but is not mounted at jails/%s; "
	            "if it is a jail: zfs mount '%s'", dataset, name, dataset);
}

/* -- leftovers of killed runs -- */

static int store_zfs_list(const struct store *s, struct words *entries, struct err *e)
{
	struct store_listed *l = s->listed;
	size_t n = strlen(s->dataset);

	if (!(l->v = zfs_list_store(s->m, s->dataset, l->also, &l->n, e))) return -1;
	for (size_t i = 0; i < l->n; i++) {
		const char *name = l->v[i].name;

		if (zfs_is_within(name, s->dataset) && name[n] == '/' &&
		    !strpbrk(name + n + 1, "/@"))
			words_add(entries, name + n + 1);
	}
	return 0;
}

bool store_is_cloned_below(struct arena *m, const struct zfs_items *items, size_t i)
{
	const struct zfs_item *top = &items->v[0], *d = &items->v[i];
	int n = (int)strcspn(top->origin, "@");

	return top->origin[n] &&
	       str_eq(d->origin, arena_printf(m, "%.*s%s%s", n, top->origin,
	                                      d->name + strlen(top->name), top->origin + n));
}

/* The text after the mark says what may be destroyed with the dataset. "": nothing. "=SUM": the
 * listed things, if they are exactly those; behind it can be the mark of a standby.
 * ":TXG": what is not newer. */
static bool is_confirmed(const struct zfs_items *items, size_t i, const char *rest)
{
	if (*rest == '=') return zfs_items_sum(items) == strtoull(rest + 1, NULL, 16);
	return *rest == ':' && items->v[i].txg <= strtoull(rest + 1, NULL, 10);
}

int store_fail_unasked(const struct zfs_items *items, size_t i, struct err *e)
{
	return fail(e, ERR_BUSY, "%s is in it, and nobody has asked to destroy that; if you "
	            "want to: zfs destroy -r '%s'", items->v[i].name, items->v[0].name);
}

/* Snapshots and datasets that the user did not agree to destroy stay. */
static int check_confirmed(const struct store *s, const struct hidden *h,
                           const struct zfs_items *items, const char *rest, struct err *e)
{
	for (size_t i = 1; i < items->n; i++)
		if (!is_confirmed(items, i, rest) &&
		    !(h->kind == HIDDEN_CREATE && store_is_cloned_below(s->m, items, i)))
			return store_fail_unasked(items, i, e);
	return 0;
}

/* The text after "trash:ID" in the property; NULL: it is not the mark of this entry. */
static const char *behind_mark(const struct hidden *h, const char *kind)
{
	size_t n = strlen(h->mark);

	return kind && !strncmp(kind, h->mark, n) && (!kind[n] || strchr("=:", kind[n])) ?
	       kind + n : NULL;
}

static bool is_empty_entry(const struct store *s, const char *entry)
{
	AUTOCLOSE int dir = store_open_entry(s, entry, NULL);

	return dir >= 0 && dir_is_empty(dir) == 1;
}

/* ZFS sets the property in a second step after creating the dataset. A power cut between the
 * two leaves a dataset without a mark, empty or as its origin is. Then the directory below its
 * mount has the mark. */
static bool is_marked_beneath(const struct store *s, const struct hidden *h,
                              const struct zfs_items *items)
{
	const char *dataset = items->v[0].name;
	bool is_clone = strcmp(items->v[0].origin, "-"), marked;
	AUTOCLOSE int dir = -1;

	if (h->kind != HIDDEN_CREATE || items->v[0].kind || items->n > 1 ||
	    (!is_clone && !is_empty_entry(s, h->entry)))
		return false;
	zfs_unmount(dataset, NULL);
	dir = store_open_entry(s, h->entry, NULL);
	marked = dir >= 0 && !store_mounted(s, dir) && hidden_is_marked(h, dir);
	if (!marked) zfs_mount(dataset, NULL);
	return marked;
}

static int destroy_left_dataset(const struct store *s, const struct hidden *h,
                                const char *dataset, struct err *e)
{
	struct words gone = { .m = s->m };
	struct zfs_items items;
	const char *rest;

	if (zfs_items_read(s->m, dataset, &items, e) < 0) return -1;
	rest = is_marked_beneath(s, h, &items) ? "" : behind_mark(h, items.v[0].kind);
	if (!rest) return store_warn_unmarked(dataset), 0;
	out_verbose("destroying %s, a leftover of a killed run", dataset);
	if (check_confirmed(s, h, &items, rest, e) < 0 ||
	    zfs_items_destroy(&items, &gone, e) < 0)
		return -1;
	store_remove_point(s, h->entry, NULL);
	return 0;
}

/* The dataset may be gone since it was listed; its name is never used again. */
static void store_zfs_sweep(const struct store *s, const struct hidden *h)
{
	const char *dataset = store_dataset(s, h->entry);
	struct err why = { 0 };

	if (destroy_left_dataset(s, h, dataset, &why) < 0 && !zfs_is_gone(dataset))
		out_warn("%s stays: %s", dataset, why.text);
}

const struct store_ops store_zfs = {
	.create = store_zfs_create,
	.mark = store_zfs_mark,
	.own = store_zfs_own,
	.sync = store_zfs_sync,
	.finish = store_zfs_finish,
	.undo = store_zfs_undo,
	.check_name = store_zfs_check_name,
	.list = store_zfs_list,
	.sweep = store_zfs_sweep,
};
