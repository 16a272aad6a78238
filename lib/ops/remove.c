#include "lib/ops/remove.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/work.h"

enum { STOP_SECONDS = 90 };

static bool is_part(const struct mount *mnt, const char *dataset)
{
	const char *name = zfs_of(mnt);

	return dataset && name && zfs_is_within(name, dataset);
}

/* Before anything is renamed: what is mounted into a jail would go on living under
 * the hidden name. */
static int check_mounts(const struct mounts *t, const char *path, const char *dataset,
                        struct err *e)
{
	const struct mount *inside = NULL;

	while ((inside = mount_beneath(t, path, inside)))
		if (!is_part(inside, dataset))
			return fail(e, ERR_BUSY, "something is mounted in it: umount '%s'", inside->point);
	return 0;
}

/* A clone elsewhere in the pool needs the snapshot that it was made from. */
static int check_clones(struct arena *m, const char *dataset, struct err *e)
{
	const char *pool = arena_strndup(m, dataset, strcspn(dataset, "/"));
	size_t n;
	const struct zfs_dataset *d = zfs_list(m, pool, -1, &n, e);

	if (!d) return -1;
	for (; n; n--, d++)
		if (zfs_is_within(d->origin, dataset) && !zfs_is_within(d->name, dataset))
			return fail(e, ERR_BUSY, "%s is a clone of %s and needs it: zfs promote '%s', or "
			            "destroy it, first", d->name, d->origin, d->name);
	return 0;
}

static int look_at_dataset(struct arena *m, struct removal *r, struct err *e)
{
	size_t n;
	const struct zfs_dataset *d = zfs_list(m, r->dataset, -1, &n, e);

	if (!d || zfs_snapshots(m, r->dataset, &r->snapshots, e) < 0) return -1;
	for (; n; n--, d++)
		if (!str_eq(d->name, r->dataset)) words_add(&r->children, d->name);
	return check_clones(m, r->dataset, e);
}

int op_remove_look(struct engine *en, const char *name, struct removal *r, struct err *e)
{
	AUTOCLOSE int jail = jail_open(en->host->dir, name, e);
	const char *path = jail < 0 ? NULL : mount_fd_path(en->m, jail, e);
	struct mounts t;

	*r = (struct removal){ .children.m = en->m, .snapshots.m = en->m };
	if (!path || mounts_read(en->m, &t, e) < 0) return -1;
	r->dataset = zfs_at(&t, path);
	return r->dataset ? look_at_dataset(en->m, r, e) : 0;
}

/* Once it is stopped: its own mounts are gone then. */
static int check(struct engine *en, const char *name, struct err *e)
{
	AUTOCLOSE int jail = jail_open(en->host->dir, name, e);
	const char *path = jail < 0 ? NULL : mount_fd_path(en->m, jail, e), *dataset;
	struct mounts t;

	if (!path || mounts_read(en->m, &t, e) < 0) return -1;
	dataset = zfs_at(&t, path);
	if (check_mounts(&t, path, dataset, e) < 0) return -1;
	return dataset ? check_clones(en->m, dataset, e) : 0;
}

int op_remove(struct engine *en, const char *name, struct err *e)
{
	const struct stop_how how = { .timeout = STOP_SECONDS };
	const char *dir = en->host->dir;
	AUTOJAILS jails = { .fd = -1 };

	if (jails_look(en->m, dir, &jails, e) < 0 || jail_check(en->m, dir, name, e) < 0) return -1;
	if (engine_stop(en, name, &how, e) < 0) return fail_in(e, "stopping %s", name);
	if (check(en, name, e) < 0 || work_remove(&jails, name, e) < 0)
		return fail_in(e, "removing %s", name);
	return work_sweep(&jails, e);
}
