#include "lib/ops/copy.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/disk/passes.h"
#include "lib/disk/zfs.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/jail/standby.h"
#include "lib/ops/arrival.h"
#include "lib/ops/copying.h"
#include "lib/store/incoming.h"
#include "lib/store/store.h"

int op_copy_target(struct arena *m, const char *text, struct copy_how *how, struct err *e)
{
	const char *colon = strrchr(text, ':');

	if (!colon)
		return fail(e, ERR_USAGE, "'%s' is not HOST:NAME, USER@HOST:NAME, or HOST: for "
		            "the same name; clone makes a second jail on this machine", text);
	how->peer.machine = arena_strndup(m, text, (size_t)(colon - text));
	how->to = colon[1] ? colon + 1 : NULL;
	if (peer_check_machine(how->peer.machine, e) < 0) return -1;
	return how->to ? name_check(how->to, e) : 0;
}

int op_copy(struct engine *en, struct jail *j, const struct copy_how *how,
            struct copy_told *told, struct err *e)
{
	AUTOCOPYING c = { .peer = NO_PEER };
	int rc = copying_open(&c, en, j, how, told, e);

	if (rc == 0) rc = how->refresh ? copying_standby(&c, e) : copying_another(&c, e);
	if (rc == 0 || !told->bytes) return rc;
	return fail(e, e->kind, "%s; the same command goes on from here", e->text);
}

bool op_is_standby(struct arena *m, const struct jail *j)
{
	struct standby s;

	return j->fd >= 0 && (zfs_is_readonly(m, j->fd) || standby_read(m, j->fd, &s));
}

int op_check_not_standby(struct arena *m, const struct jail *j, struct err *e)
{
	if (!op_is_standby(m, j)) return 0;
	return fail(e, ERR_HOST,
	            "it is read-only, as a standby of a jail on another machine is; 'jlmkr "
	            "promote %s' makes that a jail of its own", j->name);
}

int op_hold_standby(struct engine *en, const struct jail *j, int *lock, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };
	struct standby s;

	*lock = -1;
	if (j->fd < 0 || !standby_read(en->m, j->fd, &s)) return 0;
	if (store_look(en->m, en->host->dir, &jails, e) < 0) return -1;
	*lock = incoming_keep_away(&jails, j->name, e);
	return *lock < 0 ? -1 : 0;
}

/* Not while something is received for it. The list would not be true any more. As long as the
 * mark is there, the same command goes on. */
static int end_standby_tree(struct engine *en, struct jail *j, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };
	AUTOINCOMING in = { 0 };

	if (store_open(en->m, en->host->dir, &jails, e) < 0) return -1;
	if (incoming_open(&jails, j->name, &in, e) < 0) return -1;
	if (passes_settle(j->fd, e) < 0 || jail_rootfs(j, e) < 0) return -1;
	passes_forget_list(j->fd);
	return passes_delete(j->fd, e) < 0 ? -1 : standby_end(j->fd, false, e);
}

/* What has the mark and can be written to is a jail: its promotion was killed. */
static int end_standby_dataset(struct engine *en, struct jail *j, struct err *e)
{
	struct zfs_replica now;
	struct snapshots s;

	if (snapshots_open_broken(en->m, j, &s, e) < 0) return -1;
	if (!s.dataset) return 1;
	if (zfs_replica_read(en->m, s.dataset, zfs_is_open(en->m, s.dir), &now, e) < 0)
		return -1;
	if (!zfs_kind_is_standby(now.kind)) return 1;
	/* Each stream since the first one has brought other files. */
	if (now.readonly && str_eq(now.kind, ZFS_STANDBY) &&
	    arrival_check_stream(s.dir, j->name, e) < 0)
		return -1;
	return zfs_end_standby(s.dataset, e);
}

int op_end_standby(struct engine *en, struct jail *j, struct err *e)
{
	struct standby mark;
	int rc;

	if (jail_lock(j, e) < 0 || jail_check_own(j, e) < 0) return -1;
	rc = standby_read(en->m, j->fd, &mark) ? end_standby_tree(en, j, e) :
	                                         end_standby_dataset(en, j, e);
	if (rc > 0) jail_unlock(j);
	return rc;
}
