/* A jail that is a directory: its mark is deleted last, so that a sweep can finish the work. */

#include "lib/store/removal_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/disk/project.h"
#include "lib/disk/tree.h"
#include "lib/disk/volume.h"
#include "lib/disk/zfs.h"
#include "lib/jail/layout.h"
#include "lib/store/snapshot.h"

/* -- listed -- */

static bool removal_dir_has_mount(const struct removal *r, const struct mount *mnt)
{
	(void)r;
	(void)mnt;
	return false;
}

/* The directory may be the mount point of a dataset that is not mounted; removing it would
 * leave the jail in that dataset. */
static int check_unmounted(const struct removal_place *p, struct err *e)
{
	const struct store *s = p->store;
	const char *dataset = store_dataset(s, p->name);
	const char *why = zfs_unmounted(s->m, p->path);
	const struct zfs_dataset *d;
	size_t n;

	if (why) return fail(e, ERR_HOST, "%s", why);
	if (!dataset || zfs_is_gone(dataset)) return 0;
	if (!(d = zfs_list(s->m, dataset, 0, &n, e))) return -1;
	if (!n || d->mounted) return 0;
	return fail(e, ERR_HOST, "its dataset %s is not mounted: zfs mount '%s'", dataset,
	            dataset);
}

/* Only btrfs has subvolumes; they may be created at any time. */
static int removal_dir_look(const struct removal_place *p, struct removal *r, struct err *e)
{
	struct stat st;

	if (check_unmounted(p, e) < 0) return -1;
	if (fstat(p->jail, &st) < 0) return fail_sys(e, "fstat");
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	if ((r->dir = openat(p->jail, ".", O_PATH | O_CLOEXEC)) < 0)
		return fail_sys(e, "open %s", p->path);
	snapshot_dir_labels(p->store->m, p->jail, &r->snapshots);
	if (!p->deep && !volume_fs(p->jail)) return 0;
	if (survey_tree(p->store->m, p->jail, p->path, &r->survey, e) < 0) return -1;
	for (size_t i = 0; i < r->survey.n; i++)
		words_addf(&r->volumes, "%s/%s", p->path, r->survey.v[i].path);
	return 0;
}

static int removal_dir_check_same(struct arena *m, const struct removal *shown,
                                  const struct removal *now, struct err *e)
{
	const struct survey_volume *volume;

	if (shown->dev != now->dev || shown->ino != now->ino)
		return removal_changed(shown, "another jail has its name", e);
	for (size_t i = 0; i < now->snapshots.n; i++)
		if (!words_have(words_list(&shown->snapshots), now->snapshots.v[i]))
			return removal_changed(shown, arena_printf(m, "the snapshot %s is new",
			                                           now->snapshots.v[i]), e);
	if ((volume = survey_new(&shown->survey, &now->survey)))
		return removal_changed(shown, arena_printf(m, "the subvolume %s is new",
		                                           volume->path), e);
	return 0;
}

/* -- deleted -- */

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

/* An immutable or append-only directory cannot be marked until its flag is cleared. */
static int mark_jail(const struct hidden *h, int dir, struct err *e)
{
	if (hidden_mark(h, dir, e) == 0) return 0;
	if (e->sys != EPERM) return -1;
	tree_unlock(dir);
	return hidden_mark(h, dir, e);
}

static int rename_to_hidden(const struct trash *t, struct err *e)
{
	const struct store *s = t->store;
	const struct removal *r = t->r;
	const struct hidden *h = &t->hidden;
	AUTOCLOSE int dir = store_open_entry(s, r->name, e);

	if (dir < 0) return -1;
	if (!is_it(s, r->name, r)) return removal_changed(r, "another jail has its name", e);
	if (mark_jail(h, dir, e) < 0) return -1;
	if (tree_rename(s->fd, r->name, h->entry, e) < 0) {
		hidden_unmark(h, dir);
		return -1;
	}
	if (is_it(s, h->entry, r))
		return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
	tree_rename(s->fd, h->entry, r->name, NULL);
	return removal_changed(r, "another jail has its name", e);
}

/* On a full file system the rename fails, and deleting the jail in place makes room. */
static int removal_dir_hide(struct trash *t, struct err *e)
{
	struct err why = { 0 };
	int rc = rename_to_hidden(t, &why);

	close(take_fd(&t->all));
	if (rc == 0) return 1;
	return is_full(&why) ? 0 : fail_as(e, &why);
}

static int removal_dir_empty(struct trash *t, struct err *e)
{
	AUTOCLOSE int dir = tree_open(t->store->fd, t->hidden.entry);

	if (dir >= 0) project_lift_at(dir, LAYOUT_ROOTFS);
	if (tree_remove_marked(t->store->fd, t->hidden.entry, HIDDEN_FILE, e) == 0) return 0;
	return trash_goes_on(t, e);
}

static int removal_dir_destroy(struct trash *t, struct err *e)
{
	return tree_remove(t->store->fd, t->r->name, e);
}

const struct removal_ops removal_dir = {
	.has_mount = removal_dir_has_mount,
	.look = removal_dir_look,
	.check_same = removal_dir_check_same,
	.hide = removal_dir_hide,
	.empty = removal_dir_empty,
	.destroy = removal_dir_destroy,
};
