#include "lib/ops/remove.h"

#include <stddef.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/disk/mount.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/work.h"

enum { STOP_SECONDS = 90 };

/* Before anything is renamed: what is mounted into a jail would go on living under
 * the hidden name. */
static int check_mounts(struct arena *m, const char *dir, const char *name, struct err *e)
{
	AUTOCLOSE int jail = jail_open(dir, name, e);
	const char *path = jail < 0 ? NULL : mount_fd_path(m, jail, e);
	const struct mount *inside;
	struct mounts t;

	if (!path || mounts_read(m, &t, e) < 0) return -1;
	if (!(inside = mount_beneath(&t, path, NULL))) return 0;
	return fail(e, ERR_BUSY, "something is mounted in it: umount '%s'", inside->point);
}

int op_remove(struct engine *en, const char *name, struct err *e)
{
	const struct stop_how how = { .timeout = STOP_SECONDS };
	const char *dir = en->host->dir;
	AUTOCLOSE int jails = jail_open_jails(dir, e);

	if (jails < 0 || jail_check(en->m, dir, name, e) < 0) return -1;
	if (engine_stop(en, name, &how, e) < 0) return fail_in(e, "stopping %s", name);
	if (check_mounts(en->m, dir, name, e) < 0 || work_remove(en->m, jails, name, e) < 0)
		return fail_in(e, "removing %s", name);
	return work_sweep(en->m, jails, e);
}
