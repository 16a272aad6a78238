/* Jails as ZFS datasets: one is mounted over the hidden directory before anything is put there,
 * and its rename moves the mount. Its mark, in a user property, tells what may be destroyed with
 * it. */

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
#include "lib/disk/zfs_items.h"

/* With mountpoint=legacy a new dataset is mounted nowhere: a directory will do. */
static int create(struct arena *m, const char *name, const char *path, struct err *e)
{
	struct mounts t;

	if (zfs_create(name, NULL, e) < 0) return -1;
	if (mounts_read(m, &t, NULL) == 0 && zfs_at(&t, path))
		return chmod(path, 0700) < 0 ? fail_sys(e, "chmod %s", path) : 0;
	out_warn("%s would not be mounted at %s, because of the mountpoint or canmount of what is "
	         "above it: a directory is made instead", name, path);
	return zfs_destroy_one(name, e) < 0 ? -1 : store_dir.create(m, name, path, e);
}

/* -- a jail in the making -- */

/* What lies beneath the mount has to stay empty. */
static int mark(const struct hidden *h, int dir, struct err *e)
{
	(void)e;
	hidden_mark_bare(h, dir);
	return 0;
}

/* What was mounted over the hidden directory; mountpoint=legacy and the like mount
 * nothing. */
static int enter_dataset(struct staging *w, struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(w->jails, w->hidden.entry, e);
	const char *mounted;

	if (dir < 0) return -1;
	mounted = store_mounted(w->jails, dir);
	if (!mounted || !str_eq(mounted, w->dataset))
		return fail(e, ERR_HOST, "%s is not mounted where it belongs; look at its mountpoint "
		            "and canmount", w->dataset);
	if (fchmod(dir, 0700) < 0) return fail_sys(e, "chmod %s", w->hidden.entry);
	close(w->dir);
	w->dir = take_fd(&dir);
	return 0;
}

/* It may have been made and not be mounted. */
static int make_dataset(const struct staging *w, const char *origin, const char *dataset, struct err *e)
{
	const char *mark = w->hidden.mark;
	struct err why = { 0 };

	if ((origin ? zfs_clone(origin, dataset, mark, &why) : zfs_create(dataset, mark, &why)) == 0) return 0;
	if (strstr(why.text, "mount")) zfs_destroy_one(dataset, NULL);
	return fail(e, why.kind, "%s", why.text);
}

static int own(struct staging *w, const char *origin, struct err *e)
{
	const char *dataset;

	if (w->dataset) return 0;
	dataset = store_dataset(w->jails, w->hidden.entry);
	if (make_dataset(w, origin, dataset, e) < 0) return -1;
	w->dataset = dataset;
	return enter_dataset(w, e);
}

/* A rename of ZFS is of a transaction group, all that was written before it is of the
 * same or an earlier one: nothing has to be synced. */
static int sync_all(const struct staging *w, struct err *e)
{
	(void)w;
	(void)e;
	return 0;
}

static int finish(struct staging *w, struct err *e)
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

/* Before it had a dataset, it was a directory. */
static int undo(const struct staging *w, struct err *e)
{
	const struct store *s = w->jails;
	int rc;

	if (!w->dataset) return store_dir.undo(w, e);
	if ((rc = zfs_destroy_one(w->dataset, e)) == 0) store_remove_point(s, strrchr(w->dataset, '/') + 1, NULL);
	store_remove_point(s, w->hidden.entry, NULL);
	return rc;
}

static int check_name(const struct store *s, const char *name, struct err *e)
{
	const char *dataset = store_dataset(s, name);

	if (!zfs_exists(dataset)) return 0;
	return fail(e, ERR_EXISTS, "there is a dataset %s already, and it is not mounted at jails/%s: zfs mount "
	            "'%s', if it is a jail", dataset, name, dataset);
}

/* -- what killed runs have left -- */

static int list(const struct store *s, struct words *entries, struct err *e)
{
	size_t n;
	const struct zfs_dataset *d = zfs_list(s->m, s->dataset, 1, &n, e);

	if (!d) return -1;
	for (size_t i = 1; i < n; i++)
		words_add(entries, strrchr(d[i].name, '/') + 1);
	return 0;
}

/* What follows the mark of a dataset tells what may go with it: nothing; "=SUM", all that was
 * listed, if it is exactly that; ":TXG", what is not younger. */
static bool is_confirmed(const struct zfs_items *items, size_t i, const char *rest)
{
	if (*rest == '=') return zfs_items_sum(items) == strtoull(rest + 1, NULL, 16);
	return *rest == ':' && items->v[i].txg <= strtoull(rest + 1, NULL, 10);
}

/* Snapshots and datasets that nobody has agreed to destroy are the user's. */
static int check_confirmed(const struct zfs_items *items, const char *rest, struct err *e)
{
	for (size_t i = 1; i < items->n; i++)
		if (!is_confirmed(items, i, rest))
			return fail(e, ERR_BUSY, "%s is in it, and nobody has asked to destroy that: zfs destroy -r '%s' "
			            "does", items->v[i].name, items->v[0].name);
	return 0;
}

/* "trash:ID" and more; NULL: it is no mark of this entry. */
static const char *behind_mark(const struct hidden *h, const char *kind)
{
	size_t n = strlen(h->mark);

	return kind && !strncmp(kind, h->mark, n) && (!kind[n] || strchr("=:", kind[n])) ? kind + n : NULL;
}

static bool is_empty(const struct store *s, const char *entry)
{
	AUTOCLOSE int dir = store_open_entry(s, entry, NULL);

	return dir >= 0 && dir_is_empty(dir) == 1;
}

/* ZFS sets properties in a step after the making: a cut between the two leaves a dataset with
 * nothing in it and no mark. Then the directory beneath its mount has one, which was made
 * before. */
static bool is_marked_beneath(const struct store *s, const struct hidden *h,
                              const struct zfs_items *items)
{
	const char *dataset = items->v[0].name;
	AUTOCLOSE int dir = -1;
	bool marked;

	if (h->kind != HIDDEN_CREATE || items->v[0].kind || items->n > 1 || !is_empty(s, h->entry)) return false;
	zfs_unmount(dataset, NULL);
	dir = store_open_entry(s, h->entry, NULL);
	marked = dir >= 0 && !store_mounted(s, dir) && hidden_is_marked(h, dir);
	if (!marked) zfs_mount(dataset, NULL);
	return marked;
}

static int destroy_dataset(const struct store *s, const struct hidden *h, const char *dataset,
                           struct err *e)
{
	struct words gone = { .m = s->m };
	struct zfs_items items;
	const char *rest;

	if (zfs_items_read(s->m, dataset, &items, e) < 0) return -1;
	rest = is_marked_beneath(s, h, &items) ? "" : behind_mark(h, items.v[0].kind);
	if (!rest) return store_warn_unmarked(dataset), 0;
	out_verbose("destroying %s, which a run that was killed has left", dataset);
	if (check_confirmed(&items, rest, e) < 0 || zfs_items_destroy(&items, &gone, e) < 0) return -1;
	store_remove_point(s, h->entry, NULL);
	return 0;
}

/* Its name in the list may be of the past, but is never used again. */
static void sweep(const struct store *s, const struct hidden *h)
{
	const char *dataset = store_dataset(s, h->entry);
	struct err why = { 0 };

	if (destroy_dataset(s, h, dataset, &why) < 0 && !zfs_is_gone(dataset))
		out_warn("%s stays: %s", dataset, why.text);
}

const struct store_ops store_zfs = {
	.create = create,
	.mark = mark,
	.own = own,
	.sync = sync_all,
	.finish = finish,
	.undo = undo,
	.check_name = check_name,
	.list = list,
	.sweep = sweep,
};
