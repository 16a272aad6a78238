#include "lib/store/incoming.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"
#include "lib/disk/zfs_replica.h"
#include "lib/store/incoming_impl.h"
#include "lib/store/store_impl.h"

enum { LOCK_MS = 10000 };

#define JAIL "jail"		/* in the box */
#define DONE ":done"		/* behind the mark */

static void have_box(struct incoming *in, const struct hidden *h, bool is_done)
{
	struct arena *m = in->jails->m;

	*in->hidden = *h;
	in->box = store_dataset(in->jails, h->entry);
	in->dataset = arena_printf(m, "%s/" JAIL, in->box);
	in->is_done = is_done;
}

/* -- finding -- */

static bool is_mark(struct arena *m, const struct hidden *h, const char *mark)
{
	return str_eq(mark, h->mark) || str_eq(mark, arena_printf(m, "%s" DONE, h->mark));
}

/* The directory below a box that is gone. */
static void remove_bare(const struct store *s, const char *entry)
{
	AUTOCLOSE int dir = store_open_entry(s, entry, NULL);

	if (dir >= 0) unlinkat(dir, JAIL, AT_REMOVEDIR);
	store_remove_point(s, entry, NULL);
}

/* Whether it is a box for that name which nobody works on. Then its lock is held. */
static bool take_box(struct incoming *in, const struct zfs_marked *d)
{
	const struct store *s = in->jails;
	const char *entry = d->name + strlen(s->dataset) + 1;
	struct hidden h;

	if (!hidden_parse(s->m, entry, &h) || h.kind != HIDDEN_RECEIVE ||
	    !str_eq(h.name, in->name))
		return false;
	if (!is_mark(s->m, &h, d->mark)) return store_warn_unmarked(d->name), false;
	if (hidden_lock(&h, h.entry, NULL) < 0) return false;
	have_box(in, &h, str_ends(d->mark, DONE));
	return true;
}

/* Of a run that was killed before it could make the dataset. */
static void remove_bare_all(const struct incoming *in)
{
	const struct store *s = in->jails;
	struct words found = { .m = s->m };
	struct hidden h;

	if (store_dir.list(s, &found, NULL) < 0) return;
	for (size_t i = 0; i < found.n; i++) {
		if (!hidden_parse(s->m, found.v[i], &h) || h.kind != HIDDEN_RECEIVE ||
		    !str_eq(h.name, in->name))
			continue;
		if (!in->box || strcmp(h.entry, in->hidden->entry)) remove_bare(s, h.entry);
	}
}

/* What is locked has its place: who lists the jails finds it there. */
static int mount_named(const struct store *s, const char *name, struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(s, name, NULL);
	const char *dataset = store_dataset(s, name);

	if (dir >= 0 && store_mounted(s, dir)) return 0;
	if (zfs_mount(dataset, e) == 0) return 0;
	return zfs_locked_within(s->m, dataset) && (dir >= 0 || mkdirat(s->fd, name, 0700) == 0)
	       ? 0 : -1;
}

int incoming_keep_away(const struct store *s, const char *name, struct err *e)
{
	return hidden_lock_name(s->fd, name, now_ms(), e);
}

int incoming_open(const struct store *s, const char *name, struct incoming *in, struct err *e)
{
	const struct zfs_marked *d;
	size_t n;

	*in = (struct incoming){
		.jails = s, .name = name, .alone = -1,
		.hidden = arena_alloc(s->m, sizeof *in->hidden),
	};
	in->hidden->lock = -1;
	if ((in->alone = hidden_lock_name(s->fd, name, deadline_in(LOCK_MS), e)) < 0) return -1;
	if (!s->dataset) return incoming_dir_find(in, e);
	if (!(d = zfs_list_marked(s->m, s->dataset, 1, &n, e))) return -1;
	for (size_t i = 1; i < n && !in->box; i++)
		if (!strchr(d[i].name, '@')) take_box(in, &d[i]);
	/* A run that was killed may have given the jail its name, and not mounted it. */
	if (in->box && !zfs_exists(in->dataset)) mount_named(s, name, NULL);
	remove_bare_all(in);
	return 0;
}

void incoming_share_lock(const struct incoming *in, bool shared)
{
	if (in->jails) fcntl(in->alone, F_SETFD, shared ? 0 : FD_CLOEXEC);
}

/* -- the box -- */

int incoming_begin(struct incoming *in, struct err *e)
{
	const struct store *s = in->jails;
	struct hidden h;

	if (in->box) return 0;
	if (hidden_new(s->m, HIDDEN_RECEIVE, in->name, &h, e) < 0) return -1;
	/* What is mounted below it is nobody's business until it has its name. */
	if (mkdirat(s->fd, h.entry, 0700) < 0) {
		fail_sys(e, "create %s", h.entry);
		hidden_done(&h);
		return -1;
	}
	have_box(in, &h, false);
	if (zfs_create_box(in->box, h.mark, e) == 0) return 0;
	remove_bare(s, h.entry);
	hidden_done(in->hidden);
	in->box = in->dataset = NULL;
	return -1;
}

static int open_jail(const struct incoming *in, struct err *e)
{
	AUTOCLOSE int box = store_open_entry(in->jails, in->hidden->entry, e);
	int dir;

	if (box < 0) return -1;
	dir = openat(box, JAIL, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? fail_sys(e, "open what was received") : dir;
}

static bool is_mounted(const struct incoming *in)
{
	AUTOCLOSE int dir = open_jail(in, NULL);
	const char *dataset = dir < 0 ? NULL : store_mounted(in->jails, dir);

	return dataset && str_eq(dataset, in->dataset);
}

/* A mount that was made read-only stays that. */
static int leave_readonly_mount(const struct incoming *in, struct err *e)
{
	AUTOCLOSE int dir = is_mounted(in) ? open_jail(in, NULL) : -1;
	struct statvfs s;

	if (dir < 0 || fstatvfs(dir, &s) < 0 || !(s.f_flag & ST_RDONLY)) return 0;
	close(take_fd(&dir));
	return zfs_unmount(in->dataset, e);
}

int incoming_mount(struct incoming *in, bool writable, struct err *e)
{
	AUTOCLOSE int dir = -1;
	struct err why = { 0 };

	if (writable && (zfs_set_writable(in->box, e) < 0 || leave_readonly_mount(in, e) < 0))
		return -1;
	if (!is_mounted(in) && zfs_mount(in->dataset, &why) < 0 && !is_mounted(in))
		return fail_as(e, &why);
	if (!is_mounted(in))
		return fail(e, ERR_HOST, "%s is not mounted where it belongs; check the "
		            "mountpoint of %s", in->dataset, in->jails->dataset);
	return open_jail(in, e);
}

static int make_tree_dataset(struct incoming *in, struct err *e)
{
	AUTOCLOSE int dir = -1;

	if (incoming_begin(in, e) < 0 || zfs_set_writable(in->box, e) < 0) return -1;
	if (!zfs_exists(in->dataset) && zfs_create(in->dataset, NULL, e) < 0) return -1;
	if ((dir = incoming_mount(in, true, e)) < 0) return -1;
	return fchmod(dir, 0700) < 0 ? fail_sys(e, "chmod") : take_fd(&dir);
}

int incoming_tree(struct incoming *in, struct err *e)
{
	if (in->jails->dataset) return make_tree_dataset(in, e);
	if (!in->box && incoming_dir_begin(in, e) < 0) return -1;
	return store_open_entry(in->jails, in->hidden->entry, e);
}

int incoming_look_tree(struct incoming *in)
{
	if (!in->box) return -1;
	if (!in->jails->dataset) return store_open_entry(in->jails, in->hidden->entry, NULL);
	return zfs_exists(in->dataset) ? incoming_mount(in, false, NULL) : -1;
}

int incoming_done(struct incoming *in, struct err *e)
{
	const char *mark = arena_printf(in->jails->m, "%s" DONE, in->hidden->mark);

	if (zfs_set_kind(in->box, mark, e) < 0) return -1;
	in->is_done = true;
	return 0;
}

/* Only the jail that is in it is asked for: a box that is not empty stays. */
static int drop_empty(struct incoming *in, struct err *e)
{
	if (zfs_destroy_one(in->box, e) < 0) return -1;
	remove_bare(in->jails, in->hidden->entry);
	hidden_done(in->hidden);
	in->box = in->dataset = NULL;
	return 0;
}

static int take_out(struct incoming *in, struct err *e)
{
	const struct store *s = in->jails;
	const char *name = store_dataset(s, in->name);
	AUTOCLOSE int all = store_lock(s, e);

	if (all < 0 || store_check_free(s, in->name, e) < 0) return -1;
	if (zfs_rename(in->dataset, name, e) < 0) return -1;
	if (mount_named(s, in->name, e) == 0) return 0;
	return fail_in(e, "%s is whole, but not mounted", in->name);
}

int incoming_finish(struct incoming *in, struct err *e)
{
	struct err why = { 0 };

	if (!in->jails->dataset) return incoming_dir_finish(in, e);
	if (take_out(in, e) < 0) return -1;
	if (drop_empty(in, &why) < 0) out_warn("%s stays: %s", in->box, why.text);
	return 0;
}

int incoming_drop(struct incoming *in, struct err *e)
{
	struct words gone = { .m = in->jails->m };
	struct zfs_items items;

	if (!in->box) return 0;
	if (!in->jails->dataset) return incoming_dir_drop(in, e);
	if (zfs_items_read(in->jails->m, in->box, &items, e) < 0) return -1;
	if (zfs_items_destroy(&items, &gone, e) < 0) return -1;
	return drop_empty(in, e);
}

void incoming_close(struct incoming *in)
{
	if (in->hidden) hidden_done(in->hidden);
	if (in->jails) hidden_unlock_name(&in->alone);
}

int incoming_forget(const struct store *s, const char *name, struct err *e)
{
	AUTOINCOMING in = { 0 };

	if (incoming_open(s, name, &in, e) < 0) return -1;
	if (!in.box) return 0;
	return incoming_drop(&in, e) < 0 ? -1 : 1;
}

void incoming_sweep(const struct store *s, const struct hidden *h)
{
	const char *box = store_dataset(s, h->entry);
	const struct zfs_marked *d;
	size_t n;

	if (!box || !(d = zfs_list_marked(s->m, box, 1, &n, NULL))) {
		remove_bare(s, h->entry);
		return;
	}
	if (n != 1 || !is_mark(s->m, h, d->mark)) return;
	mount_named(s, h->name, NULL);
	if (zfs_destroy_one(box, NULL) == 0) remove_bare(s, h->entry);
}
