/* Jails as directories: a jail is created in the hidden directory itself. */

#include "lib/store/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/tree.h"

static int store_dir_create(struct arena *m, const char *name, const char *path, struct err *e)
{
	(void)m;
	(void)name;
	return mkdir(path, 0700) < 0 && errno != EEXIST ? fail_sys(e, "create %s", path) : 0;
}

static int store_dir_own(struct staging *w, const char *origin, struct err *e)
{
	(void)w;
	(void)origin;
	(void)e;
	return 0;
}

static int store_dir_sync(const struct staging *w, struct err *e)
{
	return tree_sync(w->dir, e);
}

static int store_dir_finish(struct staging *w, struct err *e)
{
	const struct store *s = w->jails;

	if (tree_rename(s->fd, w->hidden.entry, w->name, e) < 0) return -1;
	hidden_unmark(&w->hidden, w->dir);
	return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
}

static int store_dir_undo(const struct staging *w, struct err *e)
{
	return tree_remove_marked(w->jails->fd, w->hidden.entry, HIDDEN_FILE, e);
}

/* Only an entry of jails/ could have the name, and the caller has checked that. */
static int store_dir_check_name(const struct store *s, const char *name, struct err *e)
{
	(void)s;
	(void)name;
	(void)e;
	return 0;
}

static int store_dir_list(const struct store *s, struct words *entries, struct err *e)
{
	AUTODIR DIR *dir = dir_names(s->fd);
	struct dirent *d;

	if (!dir) return fail_sys(e, "open %s", s->path);
	while ((d = readdir(dir)))
		words_add(entries, d->d_name);
	return 0;
}

static void store_dir_sweep(const struct store *s, const struct hidden *h)
{
	AUTOCLOSE int dir = store_open_entry(s, h->entry, NULL);
	const char *dataset = dir < 0 ? NULL : store_mounted(s, dir),
	                      *own = store_dataset(s, h->entry);
	struct err why = { 0 };

	/* It may be a mount point, or its run was killed before it could mark it. */
	if (dir < 0 || unlinkat(s->fd, h->entry, AT_REMOVEDIR) == 0) return;
	/* The sweep of datasets has already said why that one stays. */
	if (own && dataset && str_eq(dataset, own)) return;
	if (!hidden_is_marked(h, dir)) {
		store_warn_unmarked(arena_printf(s->m, "%s/%s", s->path, h->entry));
		return;
	}
	out_verbose("removing %s, a leftover of a killed run", h->entry);
	if (tree_remove_marked(s->fd, h->entry, HIDDEN_FILE, &why) < 0)
		out_warn("%s/%s stays: %s", s->path, h->entry, why.text);
}

const struct store_ops store_dir = {
	.create = store_dir_create,
	.mark = hidden_mark,
	.own = store_dir_own,
	.sync = store_dir_sync,
	.finish = store_dir_finish,
	.undo = store_dir_undo,
	.check_name = store_dir_check_name,
	.list = store_dir_list,
	.sweep = store_dir_sweep,
};
