#include "lib/ops/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"
#include "lib/ops/remove.h"
#include "lib/store/hidden.h"
#include "lib/store/store.h"

enum { GONE_NAMED = 5, TAKE_BACK_TRIES = 5 };

/* It is no jail any more, whatever comes. */
static int go_on(const char *name, struct err *e)
{
	return fail_in(e, "%s is gone, but not all of its files; 'jlmkr remove %s' goes on", name, name);
}

/* -- a directory -- */

static bool is_full(const struct err *e)
{
	return e->sys == ENOSPC || e->sys == EDQUOT;
}

static bool is_it(const struct store *s, const char *entry, const struct removal *r)
{
	struct stat st;

	return fstatat(s->fd, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == r->dev &&
	       st.st_ino == r->ino;
}

/* A flag of the directory keeps marks away, too. */
static int mark(const struct hidden *h, int dir, struct err *e)
{
	if (hidden_mark(h, dir, e) == 0) return 0;
	if (e->sys != EPERM) return -1;
	tree_unlock(dir);
	return hidden_mark(h, dir, e);
}

static int hide_directory(const struct store *s, const struct removal *r, const struct hidden *h,
                          struct err *e)
{
	AUTOCLOSE int all = store_lock(s, e), dir = -1;

	if (all < 0 || (dir = store_open_entry(s, r->name, e)) < 0) return -1;
	if (!is_it(s, r->name, r)) return removal_changed(r, "another jail has its name", e);
	if (mark(h, dir, e) < 0) return -1;
	if (tree_rename(s->fd, r->name, h->entry, e) < 0) {
		hidden_unmark(h, dir);
		return -1;
	}
	if (is_it(s, h->entry, r)) return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
	tree_rename(s->fd, h->entry, r->name, NULL);
	return removal_changed(r, "another jail has its name", e);
}

/* Where there is no room for a new name, what is deleted makes some. */
static int trash_directory(const struct store *s, const struct removal *r, struct hidden *h,
                           struct err *e)
{
	struct err why = { 0 };

	if (hide_directory(s, r, h, &why) < 0) {
		if (is_full(&why)) return tree_remove(s->fd, r->name, e);
		return fail(e, why.kind, "%s", why.text);
	}
	return tree_remove_marked(s->fd, h->entry, HIDDEN_FILE, e) < 0 ? go_on(r->name, e) : 0;
}

/* -- a dataset -- */

static int remove_point(const struct store *s, const char *entry, struct err *e)
{
	if (unlinkat(s->fd, entry, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
	return fail_sys(e, "remove %s", entry);
}

/* What lay beneath the mount nobody has seen for long, and nobody has asked to delete. */
static int remove_bare(const struct store *s, const char *name, struct err *e)
{
	struct err why = { 0 };

	if (remove_point(s, name, &why) == 0) return 0;
	if (why.sys != ENOTEMPTY && why.sys != EEXIST)
		return fail(e, why.kind, "its dataset is destroyed, but not the directory that it was mounted on: %s",
		            why.text);
	return fail(e, ERR_HOST, "its dataset is destroyed, but there are files in the directory that it was "
	            "mounted on, jails/%s: 'jlmkr remove %s' deletes these, too", name, name);
}

static void list_datasets(const struct removal *r, bool all, struct words *names)
{
	for (size_t i = all ? 0 : 1; i < r->items.n; i++) {
		const struct zfs_item *item = &r->items.v[i];

		if (!zfs_item_is_snapshot(item) && (all || item->stays)) words_add(names, item->name);
	}
}

/* What is there under the name `now` is what was looked at, and nothing elsewhere needs it. */
static int check_list(const struct store *s, const struct removal *r, const char *now,
                      struct zfs_items *items, struct err *e)
{
	const struct zfs_item *new;

	if (zfs_items_read(s->m, now, items, e) < 0) return -1;
	if (!(new = zfs_items_new(&r->items, items))) return zfs_items_check_clones(s->m, items, e);
	return removal_changed(r, arena_printf(s->m, "%s%s is new", r->dataset, new->name + strlen(now)), e);
}

static int tell_gone(struct arena *m, const struct words *gone, const struct err *why, struct err *e)
{
	struct str list = { .m = m };

	for (size_t i = 0; i < gone->n && i < GONE_NAMED; i++)
		str_addf(&list, "%s%s", i ? ", " : "", gone->v[i]);
	if (gone->n > GONE_NAMED) str_addf(&list, " and %zu more", gone->n - GONE_NAMED);
	return fail(e, why->kind, "%s; destroyed already: %s", why->text, str_text(&list));
}

static int destroy_in_place(const struct store *s, const struct removal *r, struct err *e)
{
	struct words names = { .m = s->m }, gone = { .m = s->m };
	struct zfs_items items;
	struct mounts t;
	struct err why = { 0 };

	list_datasets(r, true, &names);
	if (mounts_read(s->m, &t, e) < 0 || zfs_unmount_all(&t, &names, e) < 0) return -1;
	if (check_list(s, r, r->dataset, &items, &why) == 0 && zfs_items_destroy(&items, &gone, &why) == 0)
		return remove_bare(s, r->name, e);
	zfs_mount_again(&t, &names);
	return gone.n ? tell_gone(s->m, &gone, &why, e) : fail(e, why.kind, "%s", why.text);
}

/* A dataset under its hidden name. */
struct bin {
	const struct store *s;
	const struct removal *r;
	const struct hidden *h;
	const char *dataset;
	struct words apart;		/* datasets in it with places of their own */
	struct mounts before;
};

static int take_back(const struct bin *b, struct err *e)
{
	const struct removal *r = b->r;

	/* What keeps it busy ends; to stay under a hidden name would be the end of the jail. */
	for (int i = 0; zfs_rename(b->dataset, r->dataset, e) < 0 && !zfs_exists(r->dataset); i++)
		if (i == TAKE_BACK_TRIES) return -1;
	zfs_set_kind(r->dataset, r->items.v[0].kind, NULL);
	zfs_mount_again(&b->before, &b->apart);
	remove_point(b->s, b->h->entry, NULL);
	return 0;
}

/* The parts with places of their own would be mounted there again by a rename. 1: hidden, 0: it
 * cannot be, for want of room perhaps; -1: it is in use. */
static int hide_dataset(struct bin *b, struct err *e)
{
	const char *from = b->r->dataset;
	const char *kind = arena_printf(b->s->m, "%s=%" PRIx64, b->h->mark, zfs_items_sum(&b->r->items));
	struct err why = { 0 };

	list_datasets(b->r, false, &b->apart);
	if (mounts_read(b->s->m, &b->before, e) < 0) return -1;
	if (zfs_set_kind(from, kind, NULL) < 0) return 0;
	if (zfs_unmount_all(&b->before, &b->apart, &why) == 0) {
		if (zfs_rename(from, b->dataset, &why) == 0) return 1;
		/* It may have been renamed and not be mounted again. */
		if (zfs_is_gone(from) && zfs_exists(b->dataset)) return 1;
		if (why.kind != ERR_BUSY) zfs_mount(from, NULL);
	}
	zfs_set_kind(from, b->r->items.v[0].kind, NULL);
	zfs_mount_again(&b->before, &b->apart);
	return why.kind == ERR_BUSY ? fail(e, ERR_BUSY, "%s", why.text) : 0;
}

/* From now on a sweep may destroy what is left of it, but for what is made later. */
static void confirm(const struct bin *b, const struct zfs_items *items)
{
	uint64_t txg = 0;

	if (items->n < 2) return;
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i].txg > txg) txg = items->v[i].txg;
	zfs_set_kind(b->dataset, arena_printf(b->s->m, "%s:%" PRIu64, b->h->mark, txg), NULL);
}

/* `*all`, the lock of jails/, is given up when it is to be destroyed. */
static int empty(const struct bin *b, int *all, struct words *gone, struct err *e)
{
	struct zfs_items items;

	if (check_list(b->s, b->r, b->dataset, &items, e) < 0) return -1;
	confirm(b, &items);
	close(take_fd(all));
	return zfs_items_destroy(&items, gone, e);
}

static int empty_or_take_back(const struct bin *b, int *all, struct err *e)
{
	struct words gone = { .m = b->s->m };
	struct err why = { 0 };

	if (empty(b, all, &gone, &why) == 0) {
		remove_point(b->s, b->h->entry, NULL);
		return remove_bare(b->s, b->r->name, e);
	}
	if (!gone.n && (*all >= 0 || (*all = store_lock(b->s, NULL)) >= 0) && take_back(b, NULL) == 0)
		return fail(e, why.kind, "%s", why.text);
	if (gone.n) tell_gone(b->s->m, &gone, &why, e);
	else fail(e, why.kind, "%s", why.text);
	return go_on(b->r->name, e);
}

/* It keeps its name when it is another's child that is only mounted here, and when its mountpoint
 * would stay. */
static bool can_be_hidden(const struct store *s, const struct removal *r)
{
	return s->dataset && str_eq(r->dataset, store_dataset(s, r->name)) && !r->items.v[0].stays;
}

static int trash_dataset(const struct store *s, const struct removal *r, const struct hidden *h,
                         struct err *e)
{
	AUTOCLOSE int all = store_lock(s, e);
	struct bin b = { .s = s, .r = r, .h = h, .apart = { .m = s->m } };
	int rc = 0;

	if (all < 0) return -1;
	if (can_be_hidden(s, r)) {
		b.dataset = store_dataset(s, h->entry);
		if ((rc = hide_dataset(&b, e)) < 0) return -1;
	}
	return rc ? empty_or_take_back(&b, &all, e) : destroy_in_place(s, r, e);
}

/* Not every read-only file system is mounted so: zfs-fuse knows some by itself. */
int trash_try(const struct store *s, const char *name, struct err *e)
{
	struct hidden h;
	int rc = 0;

	if (hidden_new(s->m, HIDDEN_REMOVE, name, &h, e) < 0) return -1;
	if (mkdirat(s->fd, h.entry, 0700) == 0) unlinkat(s->fd, h.entry, AT_REMOVEDIR);
	else if (errno == EROFS || errno == EPERM || errno == EACCES) rc = fail_sys(e, "%s", s->path);
	hidden_done(&h);
	return rc;
}

int trash_jail(const struct store *s, const struct removal *r, struct err *e)
{
	struct hidden h;
	int rc;

	if (hidden_new(s->m, HIDDEN_REMOVE, r->name, &h, e) < 0) return -1;
	rc = r->dataset ? trash_dataset(s, r, &h, e) : trash_directory(s, r, &h, e);
	hidden_done(&h);
	return rc;
}
