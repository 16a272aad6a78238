/* The box is what becomes the jail. Its mark is its attribute, and goes last. */

#include "lib/store/incoming_impl.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/tree.h"
#include "lib/store/incoming.h"
#include "lib/store/store_impl.h"

static void have_box(struct incoming *in, const struct hidden *h)
{
	*in->hidden = *h;
	in->box = arena_printf(in->jails->m, "%s/%s", in->jails->path, h->entry);
}

/* A run that was killed before it could mark it has left it empty. */
static bool is_box(const struct store *s, const struct hidden *h)
{
	AUTOCLOSE int dir = store_open_entry(s, h->entry, NULL);

	if (dir < 0 || unlinkat(s->fd, h->entry, AT_REMOVEDIR) == 0) return false;
	if (hidden_is_marked(h, dir)) return true;
	store_warn_unmarked(arena_printf(s->m, "%s/%s", s->path, h->entry));
	return false;
}

static bool take_box(struct incoming *in, const char *entry)
{
	const struct store *s = in->jails;
	struct hidden h;

	if (!hidden_parse(s->m, entry, &h) || h.kind != HIDDEN_RECEIVE ||
	    !str_eq(h.name, in->name) || hidden_lock(&h, h.entry, NULL) < 0)
		return false;
	if (is_box(s, &h)) return have_box(in, &h), true;
	hidden_done(&h);
	return false;
}

int incoming_dir_find(struct incoming *in, struct err *e)
{
	struct words found = { .m = in->jails->m };

	if (store_dir.list(in->jails, &found, e) < 0) return -1;
	for (size_t i = 0; i < found.n; i++)
		if (take_box(in, found.v[i])) break;
	return 0;
}

static int make_box(const struct store *s, const struct hidden *h, struct err *e)
{
	AUTOCLOSE int dir = -1;

	if (mkdirat(s->fd, h->entry, 0700) < 0) return fail_sys(e, "create %s", h->entry);
	if ((dir = store_open_entry(s, h->entry, e)) >= 0 && hidden_mark(h, dir, e) == 0)
		return 0;
	store_remove_point(s, h->entry, NULL);
	return -1;
}

int incoming_dir_begin(struct incoming *in, struct err *e)
{
	struct hidden h;

	if (hidden_new(in->jails->m, HIDDEN_RECEIVE, in->name, &h, e) < 0) return -1;
	if (make_box(in->jails, &h, e) == 0) return have_box(in, &h), 0;
	hidden_done(&h);
	return -1;
}

static void is_none(struct incoming *in)
{
	hidden_done(in->hidden);
	in->box = NULL;
}

int incoming_dir_finish(struct incoming *in, struct err *e)
{
	const struct store *s = in->jails;
	AUTOCLOSE int dir = store_open_entry(s, in->hidden->entry, e), all = -1;

	if (dir < 0 || tree_sync(dir, e) < 0) return -1;
	if ((all = store_lock(s, e)) < 0 || store_check_free(s, in->name, e) < 0) return -1;
	if (tree_rename(s->fd, in->hidden->entry, in->name, e) < 0) return -1;
	hidden_unmark(in->hidden, dir);
	is_none(in);
	return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
}

int incoming_dir_drop(struct incoming *in, struct err *e)
{
	if (tree_remove_marked(in->jails->fd, in->hidden->entry, HIDDEN_FILE, e) < 0) return -1;
	is_none(in);
	return 0;
}
