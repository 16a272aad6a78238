#include "lib/store/rename.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_below.h"
#include "lib/disk/zfs_items.h"
#include "lib/jail/jail.h"
#include "lib/store/clone.h"
#include "lib/store/hidden.h"
#include "lib/store/store.h"

/* A mountpoint that was set is a path with the old name in it. */
static int check_moves(const struct zfs_items *items, struct err *e)
{
	const struct zfs_item *top = &items->v[0];

	for (size_t i = 0; i < items->n; i++) {
		const struct zfs_item *d = &items->v[i];

		if (!d->stays || zfs_item_is_snapshot(d) || d->mountpoint[0] != '/' ||
		    !mount_path_in(d->mountpoint, top->mountpoint))
			continue;
		return fail(e, ERR_HOST,
		            "the mountpoint of %s was set to %s, and would stay that; to have "
		            "it follow the name: zfs inherit mountpoint '%s'", d->name,
		            d->mountpoint, d->name);
	}
	return 0;
}

static int check_dataset(const struct store *s, const struct jail *j, const char *dataset,
                         struct err *e)
{
	const char *own = store_dataset(s, j->name);
	struct zfs_items items;

	if (!own || !str_eq(own, dataset))
		return fail(e, ERR_HOST,
		            "its dataset %s has another name, and is only mounted at %s",
		            dataset, j->path);
	return zfs_items_read(s->m, dataset, &items, e) < 0 ? -1 : check_moves(&items, e);
}

/* That of the jail itself, not of what a link leads to. */
static const char *dataset_of(const struct store *s, struct jail *j)
{
	int dir = j->is_link ? -1 : jail_dir(j, NULL);

	return dir < 0 ? NULL : store_mounted(s, dir);
}

int rename_check(const struct store *s, struct jail *j, const char *to, struct err *e)
{
	const char *dataset = dataset_of(s, j);

	if (store_check_free(s, to, e) < 0) return -1;
	return dataset ? check_dataset(s, j, dataset, e) : 0;
}

/* The rename may have worked, and only the mount failed. */
static int rename_dataset(const char *from, const char *to, struct err *e)
{
	struct err why = { 0 };

	if (zfs_rename(from, to, &why) == 0) return 0;
	if (!zfs_is_gone(from) || !zfs_exists(to)) return fail_as(e, &why);
	return 0;
}

static int move_dataset(const struct store *s, const char *from, const char *to, struct err *e)
{
	const char *was = store_dataset(s, from), *now = store_dataset(s, to);
	struct mounts before;
	AUTOCLOSE int dir = -1;

	if (mounts_read(s->m, &before, e) < 0) return -1;
	if (rename_dataset(was, now, e) < 0) return -1;
	store_remove_point(s, from, NULL);
	dir = store_open_entry(s, to, NULL);
	if (dir >= 0 && store_mounted(s, dir)) return 0;
	if (zfs_mount(now, e) < 0)
		return fail_in(e, "it is now %s, but is not mounted", to);
	zfs_mount_below(s->m, &before, was, now);
	return 0;
}

static int move_entry(const struct store *s, const char *from, const char *to, struct err *e)
{
	if (tree_rename(s->fd, from, to, e) < 0) return -1;
	return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
}

int rename_jail(const struct store *s, struct jail *j, const char *to, struct err *e)
{
	const char *dataset = dataset_of(s, j);
	AUTOCLOSE int all = store_lock(s, e);
	int alone, rc;

	jail_leave(j);
	if (all < 0 || store_check_free(s, to, e) < 0) return -1;
	if ((alone = hidden_lock_name(s->fd, to, now_ms(), e)) < 0) return -1;
	clone_forget(s, to);
	rc = dataset ? move_dataset(s, j->name, to, e) : move_entry(s, j->name, to, e);
	hidden_unlock_name(&alone);
	return rc;
}

bool rename_sweep(const struct store *s, const struct jail *j)
{
	return unlinkat(s->fd, j->name, AT_REMOVEDIR) == 0;
}
