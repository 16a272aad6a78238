#include "lib/store/staging.h"

#include <errno.h>
#include <fcntl.h>
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
#include "lib/base/wait.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"

/* -- what killed runs have left -- */

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

static void warn_unmarked(const char *what)
{
	out_warn("%s has the name of an unfinished jail, but was not made by jlmkr: it is left", what);
}

static bool is_empty(const struct store *s, const char *entry)
{
	AUTOCLOSE int at = store_open_entry(s, entry, NULL);
	AUTODIR DIR *dir = at < 0 ? NULL : dir_names(at);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, "..")) return false;
	return dir != NULL;
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
	if (!rest) return warn_unmarked(dataset), 0;
	out_verbose("destroying %s, which a run that was killed has left", dataset);
	if (check_confirmed(&items, rest, e) < 0 || zfs_items_destroy(&items, &gone, e) < 0) return -1;
	store_remove_point(s, h->entry);
	return 0;
}

/* The lock is held. Its name in the list may be of the past, but is never used again. */
static void sweep_dataset(const struct store *s, const struct hidden *h, const char *dataset)
{
	struct err why = { 0 };

	if (destroy_dataset(s, h, dataset, &why) < 0 && !zfs_is_gone(dataset))
		out_warn("%s stays: %s", dataset, why.text);
}

static int sweep_datasets(const struct store *s, struct err *e)
{
	size_t n;
	const struct zfs_dataset *d = zfs_list(s->m, s->dataset, 1, &n, e);

	if (!d) return -1;
	for (size_t i = 1; i < n; i++) {
		struct hidden h;

		if (!hidden_parse(s->m, strrchr(d[i].name, '/') + 1, &h)) continue;
		if (hidden_lock(&h, h.entry, NULL) < 0) continue;
		sweep_dataset(s, &h, d[i].name);
		hidden_done(&h);
		if (check_signal(e) < 0) return -1;
	}
	return 0;
}

/* The lock is held. */
static void sweep_directory(const struct store *s, const struct hidden *h)
{
	AUTOCLOSE int dir = store_open_entry(s, h->entry, NULL);
	const char *dataset = dir < 0 ? NULL : store_mounted(s, dir), *own = store_dataset(s, h->entry);
	struct err why = { 0 };

	/* A mount point; or its maker was killed before it could mark it. */
	if (dir < 0 || unlinkat(s->fd, h->entry, AT_REMOVEDIR) == 0) return;
	/* Of that it was told why it stays. */
	if (own && dataset && str_eq(dataset, own)) return;
	if (!hidden_is_marked(h, dir)) {
		warn_unmarked(arena_printf(s->m, "%s/%s", s->path, h->entry));
		return;
	}
	out_verbose("removing %s, which a run that was killed has left", h->entry);
	if (tree_remove_marked(s->fd, h->entry, HIDDEN_FILE, &why) < 0)
		out_warn("%s/%s stays: %s", s->path, h->entry, why.text);
}

static int list_hidden(const struct store *s, struct words *found, struct err *e)
{
	AUTODIR DIR *dir = dir_names(s->fd);
	struct dirent *d;
	struct hidden h;

	if (!dir) return fail_sys(e, "open %s", s->path);
	while ((d = readdir(dir)))
		if (hidden_parse(s->m, d->d_name, &h)) words_add(found, d->d_name);
	return 0;
}

int staging_sweep(const struct store *s, struct err *e)
{
	struct words found = { .m = s->m };

	if (s->dataset && sweep_datasets(s, e) < 0) return -1;
	if (list_hidden(s, &found, e) < 0) return -1;
	for (size_t i = 0; i < found.n; i++) {
		struct hidden h;

		if (!hidden_parse(s->m, found.v[i], &h) || hidden_lock(&h, h.entry, NULL) < 0) continue;
		sweep_directory(s, &h);
		hidden_done(&h);
		if (check_signal(e) < 0) return -1;
	}
	return 0;
}

static bool is_rest_of(const struct store *s, const char *entry, const char *name)
{
	struct hidden h;

	return hidden_parse(s->m, entry, &h) && h.kind == HIDDEN_REMOVE && str_eq(h.name, name);
}

bool staging_has_rest(const struct store *s, const char *name)
{
	struct words found = { .m = s->m };
	const struct zfs_dataset *d;
	size_t n;

	if (list_hidden(s, &found, NULL) == 0)
		for (size_t i = 0; i < found.n; i++)
			if (is_rest_of(s, found.v[i], name)) return true;
	if (!s->dataset || !(d = zfs_list(s->m, s->dataset, 1, &n, NULL))) return false;
	for (size_t i = 1; i < n; i++)
		if (is_rest_of(s, strrchr(d[i].name, '/') + 1, name)) return true;
	return false;
}

/* -- a jail in the making -- */

static int check_free(const struct store *s, const char *name, struct err *e)
{
	if (faccessat(s->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return 0;
	return fail(e, ERR_EXISTS, "there is a jail %s already", name);
}

int staging_check_dataset(const struct store *s, const char *name, struct err *e)
{
	const char *dataset = store_dataset(s, name);

	if (!dataset || !zfs_exists(dataset)) return 0;
	return fail(e, ERR_EXISTS, "there is a dataset %s already, and it is not mounted at jails/%s: zfs mount "
	            "'%s', if it is a jail", dataset, name, dataset);
}

static int make_hidden(struct staging *w, struct err *e)
{
	const struct store *s = w->jails;

	if (mkdirat(s->fd, w->hidden.entry, 0700) < 0) return fail_sys(e, "create %s", w->hidden.entry);
	w->dir = store_open_entry(s, w->hidden.entry, e);
	if (w->dir >= 0 && s->dataset) hidden_mark_bare(&w->hidden, w->dir);
	if (w->dir >= 0 && (s->dataset || hidden_mark(&w->hidden, w->dir, e) == 0)) return 0;
	store_remove_point(s, w->hidden.entry);
	return -1;
}

int staging_begin(const struct store *s, const char *name, struct staging *w, struct err *e)
{
	AUTOCLOSE int all = -1;

	*w = (struct staging){ .jails = s, .name = name, .dir = -1, .alone = -1, .hidden = { .lock = -1 } };
	if ((all = store_lock(s, e)) < 0 || check_free(s, name, e) < 0) return -1;
	if (staging_check_dataset(s, name, e) < 0) return -1;
	if ((w->alone = hidden_lock_name(s->fd, name, e)) < 0) return -1;
	if (hidden_new(s->m, HIDDEN_CREATE, name, &w->hidden, e) == 0 && make_hidden(w, e) == 0) return 0;
	staging_close(w);
	return -1;
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

int staging_own(struct staging *w, const char *origin, struct err *e)
{
	const struct store *s = w->jails;
	const char *dataset;

	if (!s->dataset || w->dataset) return 0;
	dataset = store_dataset(s, w->hidden.entry);
	if (make_dataset(w, origin, dataset, e) < 0) return -1;
	w->dataset = dataset;
	return enter_dataset(w, e);
}

static int finish_directory(const struct staging *w, struct err *e)
{
	const struct store *s = w->jails;

	if (tree_rename(s->fd, w->hidden.entry, w->name, e) < 0) return -1;
	hidden_unmark(&w->hidden, w->dir);
	return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
}

/* A rename of ZFS is of a transaction group, all that was written before it is of the
 * same or an earlier one: nothing has to be synced. */
static int finish_dataset(struct staging *w, struct err *e)
{
	const struct store *s = w->jails;
	const char *name = store_dataset(s, w->name);
	AUTOCLOSE int dir = -1;

	close(take_fd(&w->dir));
	if (zfs_rename(w->dataset, name, e) < 0) return -1;
	w->dataset = name;
	store_remove_point(s, w->hidden.entry);
	if ((dir = store_open_entry(s, w->name, e)) < 0) return -1;
	if (store_mounted(s, dir)) return 0;
	return fail(e, ERR_HOST, "%s was not mounted after its rename", name);
}

int staging_finish(struct staging *w, struct err *e)
{
	AUTOCLOSE int all = -1;

	if (!w->dataset && tree_sync(w->dir, e) < 0) return -1;
	if ((all = store_lock(w->jails, e)) < 0 || check_free(w->jails, w->name, e) < 0) return -1;
	return w->dataset ? finish_dataset(w, e) : finish_directory(w, e);
}

/* A caught signal is why we are here: it must not stop the clearing up. A second one
 * does. */
void staging_undo(struct staging *w)
{
	const struct store *s = w->jails;
	struct err why = { 0 };
	int rc;

	signal_forget();
	if (w->dir >= 0) close(take_fd(&w->dir));
	if (w->dataset) {
		if ((rc = zfs_destroy_one(w->dataset, &why)) == 0) store_remove_point(s, strrchr(w->dataset, '/') + 1);
		store_remove_point(s, w->hidden.entry);
	} else {
		rc = tree_remove_marked(s->fd, w->hidden.entry, HIDDEN_FILE, &why);
	}
	if (rc == 0) hidden_done(&w->hidden);
	else out_warn("what was made of %s is still there, the next create removes it: %s", w->name,
	              why.text);
}

void staging_close(struct staging *w)
{
	if (w->dir >= 0) close(take_fd(&w->dir));
	hidden_done(&w->hidden);
	hidden_unlock_name(&w->alone);
}
