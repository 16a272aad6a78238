#include "lib/ops/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree.h"
#include "lib/disk/volume.h"
#include "lib/disk/zfs.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/ops/inuse.h"
#include "lib/store/incoming.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"
#include "lib/store/trash.h"

/* What is looked at, and how. */
struct look {
	struct engine *en;
	struct jail *jail;
	bool runs;
	struct stop_how how;
	bool with_target;		/* of a link */
	struct store jails, parent;	/* parent: where the target of a link is */
	struct removal_place at;
};

static void look_close(struct look *l)
{
	store_close(&l->jails);
	store_close(&l->parent);
}

#define AUTOLOOK __attribute__((cleanup(look_close))) struct look

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
			return fail(e, ERR_BUSY, "something is mounted in it: umount '%s'",
			            inside->point);
	return 0;
}

static int fail_read_only(const struct look *l, int fd, const char *path, struct err *e)
{
	const struct mount *mnt = mount_of(&l->at.t, fd, NULL);
	const char *dataset = mnt ? zfs_of(mnt) : NULL;

	if (volume_is_fixed(fd))
		return fail(e, ERR_HOST, "%s is read-only: btrfs property set '%s' ro false",
		            path, path);
	if (dataset)
		return fail(e, ERR_HOST, "%s is read-only: zfs inherit readonly '%s', or "
		            "import its pool to be written", path, dataset);
	return fail(e, ERR_HOST, "%s is read-only: mount -o remount,rw '%s'", path,
	            mnt ? mnt->point : path);
}

/* Root may write wherever anything may be written. Of a dataset removal_look tells that: what
 * is read-only because it is a standby can be removed. */
static int check_writable(const struct look *l, const struct removal *r, struct err *e)
{
	const struct store *s = l->at.store;

	if (faccessat(s->fd, ".", W_OK, 0) < 0 && errno == EROFS)
		return fail_read_only(l, s->fd, s->path, e);
	if (!r->dataset && faccessat(l->at.jail, ".", W_OK, 0) < 0 && errno == EROFS)
		return fail_read_only(l, l->at.jail, l->at.path, e);
	if (tree_check_flags(s->fd, s->path, e) < 0) return -1;
	return s == &l->jails ? trash_try(s, l->at.name, e) : 0;
}

/* -- a jail that is a link -- */

static int check_target(const struct look *l, const char *path, struct err *e)
{
	struct jail *j = l->jail;
	const char *doubt;

	if (j->broken) return fail(e, ERR_INPUT, "%s is incomplete: %s", path, j->broken);
	if (mount_path_in(l->jails.path, path))
		return fail(e, ERR_BUSY, "%s holds all jails", path);
	if (mount_path_in(path, l->jails.path))
		return fail(e, ERR_BUSY, "%s is in the directory of the jails itself", path);
	if (jail_check_own(j, e) < 0) return -1;
	if ((doubt = jail_doubt(l->en->m, j))) return fail(e, ERR_UNTRUSTED, "%s", doubt);
	return 0;
}

/* The directory that a link leads to, to be deleted where it is. */
static int find_target(struct look *l, struct err *e)
{
	struct arena *m = l->en->m;
	const char *path = mount_fd_path(m, l->jail->fd, e), *slash;
	struct store *s = &l->parent;

	if (!path) return -1;
	if (check_target(l, path, e) < 0)
		return fail_in(e, "only the link can be removed (without --with-target)");
	slash = strrchr(path, '/');
	store_close(s);
	*s = (struct store){ .m = m };
	s->path = slash == path ? "/" : arena_strndup(m, path, (size_t)(slash - path));
	s->fd = openat(l->jail->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0) return fail_sys(e, "open %s", s->path);
	l->at.store = s;
	l->at.name = slash + 1;
	return 0;
}

/* Where it leads is part of what was looked at. */
static int look_at_link(struct look *l, struct removal *r, struct err *e)
{
	struct arena *m = l->en->m;
	char text[PATH_MAX];
	ssize_t n = readlinkat(l->jails.fd, l->jail->name, text, sizeof text);

	if (n < 0) return fail_sys(e, "readlink %s", l->jail->path);
	if (faccessat(l->jails.fd, ".", W_OK, 0) < 0 && errno == EROFS)
		return fail_read_only(l, l->jails.fd, l->jails.path, e);
	r->link = arena_strndup(m, text, (size_t)n);
	r->target = l->jail->fd < 0 ? NULL : mount_fd_path(m, l->jail->fd, NULL);
	r->name = l->jail->name;
	return tree_check_flags(l->jails.fd, l->jails.path, e);
}

static int remove_link(const struct look *l, struct err *e)
{
	const struct store *s = &l->jails;

	if (unlinkat(s->fd, l->jail->name, 0) < 0)
		return fail_sys(e, "remove the link %s", l->jail->path);
	return fsync(s->fd) < 0 ? fail_sys(e, "fsync %s", s->path) : 0;
}

static const char *find_linked_rootfs(struct arena *m, struct jail *j)
{
	if (!j->has_linked_rootfs || jail_rootfs(j, NULL) < 0) return NULL;
	return mount_fd_path(m, j->rootfs, NULL);
}

/* -- all of it -- */

static int look_at_files(struct look *l, struct removal *r, struct err *e)
{
	struct arena *m = l->en->m;
	struct removal_place *at = &l->at;

	at->jail = l->jail->fd;
	if (!(at->path = mount_fd_path(m, at->jail, e)) || mounts_read(m, &at->t, e) < 0)
		return -1;
	removal_begin(at, r);
	if (check_writable(l, r, e) < 0 || check_mounts(l, r, e) < 0) return -1;
	if (inuse_check(m, at->jail, at->path, l->jail->name, l->runs, e) < 0) return -1;
	if (removal_look(at, r, e) < 0) return -1;
	r->linked_rootfs = find_linked_rootfs(m, l->jail);
	return 0;
}

static int look_at_all(struct look *l, struct removal *r, struct err *e)
{
	struct err why = { 0 };
	struct removal link = { 0 };

	*r = (struct removal){ .dir = -1 };
	l->at.store = &l->jails;
	l->at.name = l->jail->name;
	/* A link may lead nowhere, and go all the same. */
	if (jail_refresh(l->jail, &why) < 0 && (l->with_target || !l->jail->is_link))
		return fail_as(e, &why);
	if (!l->jail->is_link) return look_at_files(l, r, e);
	if (look_at_link(l, l->with_target ? &link : r, e) < 0) return -1;
	if (!l->with_target) return 0;
	if (find_target(l, e) < 0 || look_at_files(l, r, e) < 0) return -1;
	r->link = link.link;
	r->target = link.target;
	return 0;
}

static int look_begin(struct look *l, struct err *e)
{
	l->jails.fd = l->parent.fd = -1;
	return store_look(l->en->m, l->en->host->dir, &l->jails, e);
}

int op_remove_look(struct engine *en, struct jail *j, bool with_target, struct removal *r,
                   struct err *e)
{
	AUTOLOOK l = { .en = en, .jail = j, .with_target = with_target, .at.deep = true };

	*r = (struct removal){ .dir = -1 };
	if (look_begin(&l, e) < 0) return -1;
	l.runs = jail_runs(engine_state(en, j, NULL, NULL));
	return look_at_all(&l, r, e);
}

/* Both may be NULL. */
static bool is_same_text(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

static int look_at_all_again(struct look *l, const struct removal *shown, struct removal *now,
                             struct err *e)
{
	if (look_at_all(l, now, e) < 0) return -1;
	now->asked = shown->asked;
	if (!is_same_text(shown->link, now->link) || !is_same_text(shown->target, now->target))
		return removal_changed(shown, "it leads to another directory", e);
	if (!now->ops) return 0;
	return removal_check_same(l->en->m, shown, now, e);
}

/* What was done to stop it may have changed something. */
static int stop_for_removal(struct look *l, const struct removal *shown, struct removal *now,
                            struct err *e)
{
	const char *name = l->jail->name;
	int rc = engine_stop(l->en, l->jail, &l->how, e);

	if (rc < 0) return fail_in(e, "stopping %s", name);
	if (rc == 1 && !l->runs) return 0;
	l->runs = false;
	removal_close(now);
	return look_at_all_again(l, shown, now, e) < 0
	               ? fail_in(e, "removing %s, which was stopped", name)
	               : 0;
}

/* The link goes last: as long as it is there, what is left of the jail is found. */
static int remove_now(struct look *l, const struct removal *now, struct err *e)
{
	jail_leave(l->jail);
	if (!now->link) return trash_jail(&l->jails, now, e);
	if (l->with_target && trash_in_place(&l->parent, now, e) < 0) return -1;
	return remove_link(l, e);
}

int op_remove(struct engine *en, struct jail *j, bool with_target, const struct removal *shown,
              long timeout, struct err *e)
{
	AUTOREMOVAL now = { .dir = -1 };
	AUTOLOOK l = {
		.en = en, .jail = j, .with_target = with_target, .how.timeout = timeout,
	};

	if (look_begin(&l, e) < 0) return -1;
	/* Nobody starts it again. */
	if (jail_lock(j, e) < 0) return -1;
	l.runs = jail_runs(engine_state(en, j, NULL, NULL));
	if (look_at_all_again(&l, shown, &now, e) < 0)
		return fail_in(e, "removing %s", j->name);
	if (stop_for_removal(&l, shown, &now, e) < 0) return -1;
	if (remove_now(&l, &now, e) < 0) return fail_in(e, "removing %s", j->name);
	staging_sweep(&l.jails, NULL);
	return 0;
}

int op_remove_rest(struct engine *en, const char *name, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };

	if (store_look(en->m, en->host->dir, &jails, NULL) < 0) return 0;
	if (!staging_has_rest(&jails, name))
		return name_check(name, NULL) < 0 ? 0 : incoming_forget(&jails, name, e);
	if (staging_sweep(&jails, e) < 0) return -1;
	if (!staging_has_rest(&jails, name)) return 1;
	return fail(e, ERR_BUSY,
	            "some files remain: another command is still removing them, or "
	            "a warning above says why");
}
