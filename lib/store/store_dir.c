/* Jails as directories: a jail is made in the hidden directory itself. */

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

static int create(struct arena *m, const char *name, const char *path, struct err *e)
{
	(void)m;
	(void)name;
	return mkdir(path, 0700) < 0 && errno != EEXIST ? fail_sys(e, "create %s", path) : 0;
}

static int own(struct staging *w, const char *origin, struct err *e)
{
	(void)w;
	(void)origin;
	(void)e;
	return 0;
}

static int sync_all(const struct staging *w, struct err *e)
{
	return tree_sync(w->dir, e);
}

static int finish(struct staging *w, struct err *e)
{
	const struct store *s = w->jails;

	if (tree_rename(s->fd, w->hidden.entry, w->name, e) < 0) return -1;
	hidden_unmark(&w->hidden, w->dir);
	return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
}

static int undo(const struct staging *w, struct err *e)
{
	return tree_remove_marked(w->jails->fd, w->hidden.entry, HIDDEN_FILE, e);
}

/* An entry is all that could take it. */
static int check_name(const struct store *s, const char *name, struct err *e)
{
	(void)s;
	(void)name;
	(void)e;
	return 0;
}

static int list(const struct store *s, struct words *entries, struct err *e)
{
	AUTODIR DIR *dir = dir_names(s->fd);
	struct dirent *d;

	if (!dir) return fail_sys(e, "open %s", s->path);
	while ((d = readdir(dir)))
		words_add(entries, d->d_name);
	return 0;
}

static void sweep(const struct store *s, const struct hidden *h)
{
	AUTOCLOSE int dir = store_open_entry(s, h->entry, NULL);
	const char *dataset = dir < 0 ? NULL : store_mounted(s, dir), *own = store_dataset(s, h->entry);
	struct err why = { 0 };

	/* A mount point; or its maker was killed before it could mark it. */
	if (dir < 0 || unlinkat(s->fd, h->entry, AT_REMOVEDIR) == 0) return;
	/* Of that it was told why it stays. */
	if (own && dataset && str_eq(dataset, own)) return;
	if (!hidden_is_marked(h, dir)) {
		store_warn_unmarked(arena_printf(s->m, "%s/%s", s->path, h->entry));
		return;
	}
	out_verbose("removing %s, which a run that was killed has left", h->entry);
	if (tree_remove_marked(s->fd, h->entry, HIDDEN_FILE, &why) < 0)
		out_warn("%s/%s stays: %s", s->path, h->entry, why.text);
}

const struct store_ops store_dir = {
	.create = create,
	.mark = hidden_mark,
	.own = own,
	.sync = sync_all,
	.finish = finish,
	.undo = undo,
	.check_name = check_name,
	.list = list,
	.sweep = sweep,
};
