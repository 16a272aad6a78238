#include "lib/ops/arrival.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/owner.h"
#include "lib/disk/passes.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_replica.h"
#include "lib/disk/zfs_snaps.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/ops/config.h"
#include "lib/ops/second.h"
#include "lib/store/incoming.h"
#include "lib/store/rollback.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

int arrival_open_store(struct arena *m, const char *dir, struct store *jails, bool *is_open,
                       struct err *e)
{
	if (store_open(m, dir, jails, e) < 0) return -1;
	*is_open = jails->dataset && zfs_is_open(m, jails->fd);
	return staging_sweep(jails, e);
}

/* The dataset of the jail has to be the one that its name says. */
const char *arrival_find_jail(struct store *jails, const char *name, bool is_open,
                              struct zfs_replica *now, struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(jails, name, e);
	const char *mounted = dir < 0 ? NULL : store_mounted(jails, dir);
	const char *own = store_dataset(jails, name);

	if (dir < 0) return NULL;
	if (!mounted && is_open && zfs_replica_read(jails->m, own, is_open, now, NULL) == 0 &&
	    now->is_locked)
		return own;
	if (!mounted || !str_eq(mounted, own)) {
		fail(e, ERR_EXISTS, "there is a jail %s, which is no dataset of its own", name);
		return NULL;
	}
	return zfs_replica_read(jails->m, mounted, is_open, now, e) < 0 ? NULL : mounted;
}

bool arrival_is_standby(const struct zfs_replica *now)
{
	return now->kind && str_eq(now->kind, ZFS_STANDBY) && now->readonly;
}

int arrival_receive(struct arena *m, const struct incoming *box, const struct zfs_receive *how,
                    struct child *zfs, struct err *e)
{
	int rc;

	incoming_share_lock(box, true);
	rc = zfs_receive_start(m, how, zfs, e);
	incoming_share_lock(box, false);
	return rc;
}

int arrival_fail(struct arena *m, const char *said, int status, const char *changed,
                 struct err *e)
{
	struct str line = { .m = m };

	for (const char *c = said; *c; c++)
		str_addc(&line, *c == '\n' ? ' ' : *c);
	while (line.len && line.s[line.len - 1] == ' ')
		line.s[--line.len] = 0;
	if (strstr(said, "has been modified")) return fail(e, ERR_BUSY, "%s", changed);
	if (line.len) return fail(e, ERR_HOST, "zfs: %s", line.s);
	return fail(e, ERR_HOST, "zfs receive ended with status %d", status);
}

/* -- what is in the box becomes a jail -- */

/* Root runs what it says: it must not be a link, nor have a second name in the root file
 * system, which the jail can write to. */
static int check_config_file(int dir, const char *shown, struct err *e)
{
	struct stat st;

	if (fstatat(dir, LAYOUT_CONFIG, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "%s", shown);
	if (S_ISREG(st.st_mode) && st.st_nlink == 1) return 0;
	return fail(e, ERR_UNTRUSTED, "%s is not a file with this one name", shown);
}

char *arrival_read_config(struct arena *m, int dir, const char *shown, struct err *e)
{
	return check_config_file(dir, shown, e) < 0 ? NULL :
	       conf_read_own(m, dir, LAYOUT_CONFIG, shown, e);
}

/* A config that was shown has to be the one that came. */
static int check_config(const struct arrival *a, int dir, struct err *e)
{
	const char *shown = arena_printf(a->m, "%s/" LAYOUT_CONFIG, a->box->name);
	const char *text = arrival_read_config(a->m, dir, shown, e);
	struct conf_check check;

	if (!text) return -1;
	if (a->config)
		return str_eq(text, a->config) ? 0 :
		       fail(e, ERR_UNTRUSTED, "the stream has another config than the one "
		            "that comes before it");
	conf_check(a->m, text, &check);
	op_config_tell(&check.found, shown);
	/* What this machine lacks it may get. */
	return check.loads ? 0 : conf_check_fail(&check, shown, e);
}

static int check_rootfs(int dir, struct err *e)
{
	AUTOCLOSE int rootfs = jail_open_rootfs(dir, e);

	if (rootfs >= 0) return 0;
	e->kind = ERR_INPUT;
	return -1;
}

int arrival_check(const struct arrival *a, int dir, struct err *e)
{
	if (owner_check(dir, a->box->name, e) < 0 || check_config(a, dir, e) < 0) return -1;
	return check_rootfs(dir, e);
}

/* The next start, or promote, would finish it, with another config and other files. */
static int check_unfinished(int dir, const char *shown, struct err *e)
{
	if (!rollback_is_begun(dir) && !passes_are_there(dir) &&
	    faccessat(dir, LAYOUT_STANDBY, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return fail(e, ERR_UNTRUSTED, "%s comes from the middle of a rollback or of a copy: "
	            "start or promote it where it comes from, then send it again", shown);
}

int arrival_check_stream(int dir, const char *shown, struct err *e)
{
	if (check_unfinished(dir, shown, e) < 0 || owner_check(dir, shown, e) < 0) return -1;
	return check_config_file(dir, "its config", e) < 0 ? -1 : check_rootfs(dir, e);
}

/* What is in the box has come as a stream. */
static int check_box(const struct arrival *a, int dir, struct err *e)
{
	return check_unfinished(dir, a->box->name, e) < 0 ? -1 : arrival_check(a, dir, e);
}

static int check_mounted(const struct arrival *a, struct err *e)
{
	AUTOCLOSE int dir = incoming_mount(a->box, false, e);

	return dir < 0 ? -1 : check_box(a, dir, e);
}

int arrival_standby(const struct arrival *a, struct err *e)
{
	bool is_locked = a->raw && zfs_locked_within(a->m, a->box->dataset);

	if (!is_locked && check_mounted(a, e) < 0) return -1;
	return zfs_set_standby(a->box->dataset, ZFS_STANDBY, e);
}

static int become_own(const struct arrival *a, struct err *e)
{
	const struct second second = { .from = a->jail, .to = a->box->name, .shown = a->shown };
	AUTOCLOSE int dir = incoming_mount(a->box, true, e);

	if (dir < 0) return -1;
	if (fchmod(dir, 0700) < 0) return fail_sys(e, "chmod");
	if (check_box(a, dir, e) < 0) return -1;
	if (a->jail && second_renew(a->m, dir, &second, e) < 0) return -1;
	close(take_fd(&dir));
	return incoming_done(a->box, e);
}

/* They keep what it does not have any more. */
static int drop_snapshots(const struct arrival *a, struct err *e)
{
	const char *dataset = a->box->dataset;
	struct zfs_replica now;

	if (zfs_replica_read(a->m, dataset, a->is_open, &now, e) < 0) return -1;
	for (size_t i = 0; i < now.n; i++)
		if (zfs_snaps_destroy(dataset, now.v[i].label, e) < 0) return -1;
	return 0;
}

int arrival_own(const struct arrival *a, struct err *e)
{
	return become_own(a, e) < 0 ? -1 : drop_snapshots(a, e);
}
