#include "lib/ops/rename.h"

#include <errno.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"
#include "lib/ops/clone_zfs.h"
#include "lib/ops/config.h"
#include "lib/ops/copy.h"
#include "lib/ops/inuse.h"
#include "lib/ops/start.h"
#include "lib/provision/customize.h"
#include "lib/store/rename.h"
#include "lib/store/store.h"

/* A rename under way. */
struct naming {
	struct engine *en;
	struct jail *jail;
	const struct rename_how *how;
	struct store jails;
	bool ran;
};

static void close_naming(struct naming *n)
{
	store_close(&n->jails);
}

#define AUTONAMING __attribute__((cleanup(close_naming))) struct naming

/* -- the host name: a standby has that of the jail that it is a copy of -- */

/* The key `hostname` of the config, if it is the jail's name. Takes the lock of the jail. */
static int change_config(struct arena *m, struct jail *j, const char *from, const char *to,
                         struct err *e)
{
	const struct config_change change = { .key = "hostname", .value = to };
	struct config_changed changed;
	struct conf c;

	if (jail_conf_own(m, j, &c, NULL) < 0 || !str_eq(c.hostname.text, from) ||
	    op_is_standby(m, j))
		return 0;
	return op_config_change(m, j, &change, 1, false, &changed, e) < 0 ? -1 : 0;
}

/* What the jail has made of these files is no reason to keep its name. */
static int change_rootfs(struct arena *m, struct jail *j, const char *from, const char *to,
                         struct err *e)
{
	struct err why = { 0 };

	if (jail_check_own(j, e) < 0 || jail_rootfs(j, e) < 0) return -1;
	if (op_is_standby(m, j)) return 0;
	if (customize_hostname(j->rootfs, from, to, &why) == 0) return 0;
	if (why.kind == ERR_INTERRUPTED || why.sys == ENOSPC || why.sys == EDQUOT)
		return fail_as(e, &why);
	out_warn("the host name in %s/" LAYOUT_ROOTFS " is not changed: %s", j->path, why.text);
	return 0;
}

/* -- the steps -- */

static int look(const struct naming *n, struct err *e)
{
	struct jail *j = n->jail;
	const char *path;

	if (j->broken) return fail(e, ERR_INPUT, "it is incomplete: %s", j->broken);
	if (n->ran && !n->how->restart)
		return fail(e, ERR_BUSY,
		            "it runs; --restart stops it and starts it under its new name");
	if (name_check(n->how->to, e) < 0 || jail_check_own(j, e) < 0) return -1;
	if (!(path = mount_fd_path(n->en->m, j->fd, e))) return -1;
	if (inuse_check(n->en->m, j->fd, path, j->name, n->ran, e) < 0) return -1;
	return rename_check(&n->jails, j, n->how->to, e);
}

static int stop_running(const struct naming *n, struct err *e)
{
	const struct stop_how how = { .timeout = n->how->timeout };

	jail_leave(n->jail);
	return n->ran && engine_stop(n->en, n->jail, &how, e) < 0 ? -1 : 0;
}

/* With the lock of the jail: nobody starts it meanwhile. */
static int rename_locked(const struct naming *n, struct err *e)
{
	struct jail *j = n->jail;
	const char *to = n->how->to;
	struct err why = { 0 };

	if (jail_lock(j, e) < 0 || stop_running(n, e) < 0) return -1;
	if (change_rootfs(n->en->m, j, j->name, to, e) < 0) return -1;
	if (rename_jail(&n->jails, j, to, &why) == 0) return 0;
	if (jail_refresh(j, NULL) == 0) change_rootfs(n->en->m, j, to, j->name, NULL);
	return fail_as(e, &why);
}

/* It gets back what it had. */
static void take_back(const struct naming *n)
{
	struct jail *j = n->jail;
	struct err why = { 0 };

	jail_unlock(j);
	if (change_config(n->en->m, j, n->how->to, j->name, &why) < 0)
		out_warn("%s: the host name in its config stays %s: %s", j->name, n->how->to,
		         why.text);
	if (n->ran && op_start(n->en, j, &why) < 0)
		out_warn("%s was stopped, and is not started again: %s", j->name, why.text);
}

static bool is_running(const struct naming *n)
{
	return jail_runs(engine_state(n->en, n->jail, NULL, NULL));
}

int op_rename(struct engine *en, struct jail *j, const struct rename_how *how, struct err *e)
{
	AUTONAMING n = { .en = en, .jail = j, .how = how, .jails.fd = -1 };
	int rc;

	if (op_clone_settle_now(en, j, e) < 0) return -1;
	if (store_look(en->m, en->host->dir, &n.jails, e) < 0) return -1;
	n.ran = is_running(&n);
	if (look(&n, e) < 0 || (n.ran && op_start_check(en, j, e) < 0)) return -1;
	if (change_config(en->m, j, j->name, how->to, e) < 0) return -1;
	if ((rc = rename_locked(&n, e)) < 0) take_back(&n);
	jail_close(j);
	if (rc < 0 || !n.ran) return rc;
	if (op_start_named(en, how->to, e) >= 0) return 0;
	return fail_in(e, "it is named %s, but does not run", how->to);
}

bool op_rename_is_done(struct engine *en, const struct jail *j, const char *to)
{
	AUTOSTORE jails = { .fd = -1 };
	AUTOJAIL now = NO_JAIL;

	if (!j->is_bare || jail_open(en->m, j->dir, to, &now, NULL) < 0 || now.broken)
		return false;
	return store_look(en->m, en->host->dir, &jails, NULL) == 0 && rename_sweep(&jails, j);
}
