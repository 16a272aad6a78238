/* Snapshots of a jail that is a dataset. The mark is the property jlmkr:kind, "snapshot:WHY"; a
 * snapshot inherits the property of its dataset, which is another one. */

#include "lib/store/snapshot_impl.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_snaps.h"
#include "lib/store/store.h"

static const char kind[] = "snapshot:";

static struct snapshot describe(const struct zfs_snap *snap)
{
	bool ours = snap->kind && str_starts(snap->kind, kind);

	return (struct snapshot){
		.label = snap->label,
		.why = ours ? snap->kind + strlen(kind) : NULL,
		.made = snap->made,
		.used = (int64_t)snap->used,
		.referenced = (int64_t)snap->referenced,
		.holds = (int64_t)snap->holds,
		.clones = words_list(&snap->clones),
	};
}

static struct snapshot *snapshot_zfs_list(const struct snapshots *s, size_t *n, struct err *e)
{
	const struct zfs_snap *found = zfs_snaps_read(s->m, s->dataset, n, e);
	struct snapshot *all;

	if (!found) return NULL;
	all = arena_array(s->m, *n + 1, sizeof *all);
	for (size_t i = 0; i < *n; i++)
		all[i] = describe(&found[i]);
	return all;
}

bool snapshot_zfs_look(const struct snapshots *s, const struct store_listed *listed,
                       const char *why, struct words *labels)
{
	const char *mark = arena_printf(s->m, "%s%s", kind, why);
	size_t n = strlen(s->dataset);
	bool has_below = false;

	for (size_t i = 0; i < listed->n; i++) {
		const struct zfs_marked *d = &listed->v[i];

		if (!zfs_is_within(d->name, s->dataset)) continue;
		has_below |= d->name[n] == '/';
		if (d->name[n] == '@' && str_eq(d->mark, mark) && !d->held)
			words_add(labels, d->name + n + 1);
	}
	return has_below;
}

static int snapshot_zfs_make(const struct snapshots *s, const struct snapshot_how *how,
                             struct err *e)
{
	const char *mark = arena_printf(s->m, "%s%s", kind, how->why);
	struct err why = { 0 };

	if (zfs_snaps_make(s->dataset, how->label, mark, &why) == 0) return 0;
	/* Otherwise a dataset below it has one, which ZFS names. */
	if (why.kind == ERR_EXISTS &&
	    zfs_exists(arena_printf(s->m, "%s@%s", s->dataset, how->label)))
		return fail(e, ERR_EXISTS, "there is a snapshot %s@%s already", s->name,
		            how->label);
	return fail_as(e, &why);
}

/* OpenZFS mounts it there when it is opened; zfs-fuse cannot. */
static int snapshot_zfs_open_files(const struct snapshots *s, const char *label, struct err *e)
{
	const char *path = arena_printf(s->m, ".zfs/snapshot/%s", label);
	int dir = openat(s->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? fail_sys(e, "open %s/%s", s->path, path) : dir;
}

static int snapshot_zfs_delete(const struct snapshots *s, const char *label, struct err *e)
{
	return zfs_snaps_destroy(s->dataset, label, e);
}

const struct snapshot_ops snapshot_zfs = {
	.list = snapshot_zfs_list,
	.make = snapshot_zfs_make,
	.open_files = snapshot_zfs_open_files,
	.delete = snapshot_zfs_delete,
};
