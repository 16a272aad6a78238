#include "lib/ops/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree.h"
#include "lib/disk/volume.h"
#include "lib/disk/zfs.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/inuse.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"
#include "lib/store/trash.h"

/* What is looked at, and how. */
struct look {
	struct engine *en;
	struct jail *jail;
	bool runs;
	struct stop_how how;
	struct removal_place at;
};

/* A stop undoes what the hooks have mounted, if one of them is there for that. */
static bool may_unmount(const struct look *l)
{
	struct conf c;

	return l->runs && jail_conf(l->en->m, l->jail, &c, NULL) == 0 &&
	       *c.post_stop_hook.text;
}

/* Before anything is renamed: what is mounted into a jail would go on living under
 * the hidden name. */
static int check_mounts(const struct look *l, const struct removal *r, struct err *e)
{
	const struct mount *inside = NULL;

	while ((inside = mount_beneath(&l->at.t, l->at.path, inside)))
		if (!removal_has_mount(r, inside) && !may_unmount(l))
			return fail(e, ERR_BUSY, "something is mounted in it: umount '%s'", inside->point);
	return 0;
}

static int fail_read_only(const struct look *l, int fd, const char *path, struct err *e)
{
	const struct mount *mnt = mount_of(&l->at.t, fd, NULL);
	const char *dataset = mnt ? zfs_of(mnt) : NULL;

	if (volume_is_fixed(fd))
		return fail(e, ERR_HOST, "%s is read-only: btrfs property set '%s' ro false", path, path);
	if (dataset)
		return fail(e, ERR_HOST, "%s is read-only: zfs inherit readonly '%s', or import its pool to be "
		            "written", path, dataset);
	return fail(e, ERR_HOST, "%s is read-only: mount -o remount,rw '%s'", path, mnt ? mnt->point : path);
}

/* Root may write wherever anything may be written. */
static int check_writable(const struct look *l, struct err *e)
{
	const struct store *s = l->at.store;

	if (faccessat(s->fd, ".", W_OK, 0) < 0 && errno == EROFS) return fail_read_only(l, s->fd, s->path, e);
	if (faccessat(l->at.jail, ".", W_OK, 0) < 0 && errno == EROFS)
		return fail_read_only(l, l->at.jail, l->at.path, e);
	return tree_check_flags(s->fd, s->path, e) < 0 ? -1 : trash_try(s, l->at.name, e);
}

static int look_at_all(struct look *l, struct removal *r, struct err *e)
{
	struct arena *m = l->en->m;
	struct removal_place *at = &l->at;

	*r = (struct removal){ .dir = -1 };
	if (jail_refresh(l->jail, e) < 0) return -1;
	at->jail = l->jail->fd;
	if (!(at->path = mount_fd_path(m, at->jail, e)) || mounts_read(m, &at->t, e) < 0) return -1;
	removal_begin(at, r);
	if (check_writable(l, e) < 0 || check_mounts(l, r, e) < 0) return -1;
	if (inuse_check(m, at->jail, at->path, at->name, l->runs, e) < 0) return -1;
	return removal_look(at, r, e);
}

int op_remove_look(struct engine *en, struct jail *j, struct removal *r, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };
	struct look l = { .en = en, .jail = j,
	                  .at = { .store = &jails, .name = j->name, .deep = true } };

	*r = (struct removal){ .dir = -1 };
	if (store_look(en->m, en->host->dir, &jails, e) < 0) return -1;
	l.runs = jail_runs(engine_state(en, j, NULL, NULL));
	return look_at_all(&l, r, e);
}

static int look_again(struct look *l, const struct removal *shown, struct removal *now, struct err *e)
{
	if (look_at_all(l, now, e) < 0) return -1;
	now->asked = shown->asked;
	return removal_check_same(l->en->m, shown, now, e);
}

/* What was done to stop it may have changed something. */
static int stop(struct look *l, const struct removal *shown, struct removal *now, struct err *e)
{
	int rc = engine_stop(l->en, l->jail, &l->how, e);

	if (rc < 0) return fail_in(e, "stopping %s", l->at.name);
	if (rc == 1 && !l->runs) return 0;
	l->runs = false;
	removal_close(now);
	return look_again(l, shown, now, e) < 0 ? fail_in(e, "removing %s, which was stopped", l->at.name) : 0;
}

int op_remove(struct engine *en, struct jail *j, const struct removal *shown, long timeout, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };
	AUTOREMOVAL now = { .dir = -1 };
	struct look l = { .en = en, .jail = j, .how.timeout = timeout,
	                  .at = { .store = &jails, .name = j->name } };

	if (store_look(en->m, en->host->dir, &jails, e) < 0) return -1;
	/* Nobody starts it again. */
	if (jail_lock(j, e) < 0) return -1;
	l.runs = jail_runs(engine_state(en, j, NULL, NULL));
	if (look_again(&l, shown, &now, e) < 0) return fail_in(e, "removing %s", j->name);
	if (stop(&l, shown, &now, e) < 0) return -1;
	jail_leave(j);
	if (trash_jail(&jails, &now, e) < 0) return fail_in(e, "removing %s", j->name);
	staging_sweep(&jails, NULL);
	return 0;
}

int op_remove_rest(struct engine *en, const char *name, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };

	if (store_look(en->m, en->host->dir, &jails, NULL) < 0 || !staging_has_rest(&jails, name)) return 0;
	if (staging_sweep(&jails, e) < 0) return -1;
	if (!staging_has_rest(&jails, name)) return 1;
	return fail(e, ERR_BUSY, "some files remain: another command is still removing them, or a warning above says why");
}
