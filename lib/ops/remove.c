#include "lib/ops/remove.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
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

/* What is mounted there may belong elsewhere: a folder of somebody's data, bound to here. */
static int check_place(const struct mounts *t, const char *path, const struct zfs_dataset *d,
                       struct err *e)
{
	char real[PATH_MAX];

	if (d->mountpoint[0] == '/' && (!realpath(d->mountpoint, real) || strcmp(real, path)))
		return fail(e, ERR_BUSY, "the dataset %s, which is mounted there, belongs at %s: umount '%s'",
		            d->name, d->mountpoint, path);
	for (size_t i = 0; i < t->n; i++) {
		const char *of = zfs_of(&t->v[i]);

		if (of && str_eq(of, d->name) && strcmp(t->v[i].point, path))
			return fail(e, ERR_BUSY, "its dataset %s is mounted at %s as well: umount that first",
			            d->name, t->v[i].point);
	}
	return 0;
}

/* A dataset below the jail's, whose files are elsewhere. A mountpoint may lead through links: the
 * jail's own is right, whatever it looks like. */
static int check_child(const struct mounts *t, const char *path, const struct zfs_dataset *top,
                       const struct zfs_dataset *d, struct err *e)
{
	const char *outside = NULL;

	if (!d->mounted && d->mountpoint[0] == '/' && !mount_path_in(d->mountpoint, path) &&
	    !(top->mountpoint[0] == '/' && mount_path_in(d->mountpoint, top->mountpoint)))
		outside = d->mountpoint;
	for (size_t i = 0; d->mounted && i < t->n; i++) {
		const char *of = zfs_of(&t->v[i]);

		if (of && str_eq(of, d->name) && !mount_path_in(t->v[i].point, path)) outside = t->v[i].point;
	}
	if (!outside) return 0;
	return fail(e, ERR_BUSY, "%s would go with it, and its place is %s, outside of the jail: zfs rename "
	            "or zfs destroy '%s' first", d->name, outside, d->name);
}

static int check_held(const struct words *held, struct err *e)
{
	if (!held->n) return 0;
	return fail(e, ERR_BUSY, "the snapshot %s is held: 'zfs holds' tells by whom, 'zfs release' ends it",
	            held->v[0]);
}

static int look_at_dataset(struct arena *m, const struct mounts *t, const char *path,
                           struct removal *r, struct err *e)
{
	struct words held = { .m = m };
	const struct zfs_dataset *all;
	size_t n;

	if (!(all = zfs_list(m, r->dataset, -1, &n, e))) return -1;
	if (zfs_snapshots(m, r->dataset, &r->snapshots, &held, e) < 0) return -1;
	if (!n || check_place(t, path, &all[0], e) < 0) return -1;
	for (size_t i = 1; i < n; i++) {
		words_add(&r->children, all[i].name);
		if (check_child(t, path, &all[0], &all[i], e) < 0) return -1;
	}
	return check_held(&held, e) < 0 ? -1 : check_clones(m, r->dataset, e);
}

/* The dataset that holds the jails themselves is none of them. */
static int check_above(const struct mounts *t, const struct jails *j, const char *dataset,
                       struct err *e)
{
	const struct mount *mnt = mount_of(t, j->fd, e);

	if (!mnt) return -1;
	if (!zfs_is_within(mnt->source, dataset)) return 0;
	return fail(e, ERR_BUSY, "its dataset %s holds all jails", dataset);
}

/* It is no mount, but could be that of a dataset which is not mounted: what is in that stays. */
static int check_unmounted(const struct jails *j, const char *name, const char *path, struct err *e)
{
	const char *dataset = j->home ? arena_printf(j->m, "%s/%s", j->home, name) : NULL;
	const char *why = zfs_unmounted(j->m, path);
	const struct zfs_dataset *d;
	size_t n;

	if (why) return fail(e, ERR_HOST, "%s", why);
	if (!dataset || zfs_is_gone(dataset)) return 0;
	if (!(d = zfs_list(j->m, dataset, 0, &n, e))) return -1;
	if (!n || d->mounted) return 0;
	return fail(e, ERR_HOST, "its dataset %s is not mounted: zfs mount '%s'", dataset, dataset);
}

static int look(struct engine *en, const struct jails *j, const char *name, bool stopped,
                struct removal *r, struct err *e)
{
	AUTOCLOSE int jail = jail_open(en->host->dir, name, e);
	const char *path = jail < 0 ? NULL : mount_fd_path(en->m, jail, e);
	struct mounts t;

	*r = (struct removal){ .children.m = en->m, .snapshots.m = en->m };
	if (!path || mounts_read(en->m, &t, e) < 0) return -1;
	r->dataset = zfs_at(&t, path);
	/* What its hooks have mounted goes when it stops. */
	if (stopped && check_mounts(&t, path, r->dataset, e) < 0) return -1;
	if (!r->dataset) return check_unmounted(j, name, path, e);
	if (check_above(&t, j, r->dataset, e) < 0) return -1;
	return look_at_dataset(en->m, &t, path, r, e);
}

int op_remove_look(struct engine *en, const char *name, struct removal *r, struct err *e)
{
	AUTOJAILS jails = { .fd = -1 };

	if (jails_look(en->m, en->host->dir, &jails, e) < 0) return -1;
	return look(en, &jails, name, engine_runs(en, name, NULL) != 1, r, e);
}

int op_remove(struct engine *en, const char *name, struct err *e)
{
	const struct stop_how how = { .timeout = STOP_SECONDS };
	const char *dir = en->host->dir;
	AUTOJAILS jails = { .fd = -1 };
	AUTOCLOSE int lock = -1;
	struct removal r;

	if (jails_look(en->m, dir, &jails, e) < 0 || jail_check(en->m, dir, name, e) < 0) return -1;
	/* Nobody starts it again. */
	if ((lock = jail_lock(dir, name, e)) < 0) return -1;
	if (engine_stop(en, name, &how, e) < 0) return fail_in(e, "stopping %s", name);
	if (look(en, &jails, name, true, &r, e) < 0 || work_remove(&jails, name, e) < 0)
		return fail_in(e, "removing %s", name);
	work_sweep(&jails, NULL);
	return 0;
}

int op_remove_rest(struct engine *en, const char *name, struct err *e)
{
	AUTOJAILS jails = { .fd = -1 };

	if (jails_look(en->m, en->host->dir, &jails, NULL) < 0 || !work_has_rest(&jails, name)) return 0;
	if (work_sweep(&jails, e) < 0) return -1;
	if (!work_has_rest(&jails, name)) return 1;
	return fail(e, ERR_BUSY, "not all is gone: another command is at it, or a warning above tells why");
}
