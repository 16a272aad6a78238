#include "lib/ops/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/lock.h"
#include "lib/disk/reflink.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"
#include "lib/ops/clone_zfs.h"
#include "lib/ops/copy.h"
#include "lib/ops/second.h"
#include "lib/ops/snapshot.h"
#include "lib/ops/source.h"
#include "lib/store/snapshot.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

/* A clone that is being made. */
struct cloning {
	struct engine *en;
	struct jail *jail;
	const char *name;		/* its name */
	const struct clone_how *how;
	struct store jails;
	struct snapshots from;
	struct staging work;
	struct source whole;		/* what a full copy reads */
	const char *origin;		/* the label of the ZFS snapshot that it depends on */
};

static void close_cloning(struct cloning *c)
{
	store_close(&c->jails);
}

#define AUTOCLONING __attribute__((cleanup(close_cloning))) struct cloning

/* -- one that shares blocks -- */

/* The directory with a config and a rootfs: the jail's, or that of its snapshot. */
static int open_source(const struct cloning *c, struct err *e)
{
	if (!c->how->label) return fcntl(c->from.dir, F_DUPFD_CLOEXEC, 3);
	return snapshot_open_files(&c->from, c->how->label, e);
}

static int share_rootfs(const struct cloning *c, int source, struct err *e)
{
	AUTOCLOSE int from = jail_open_rootfs(source, e);

	if (from < 0) return -1;
	if (!reflink_works(from, c->work.dir))
		return fail(e, ERR_HOST,
		            "the file systems of %s and of the new jail cannot share "
		            "blocks; --full copies all of its data", c->name);
	if (tree_sync(from, NULL) < 0) return fail_sys(e, "sync");
	out_busy("copying");
	return reflink_new_tree(from, c->work.dir, LAYOUT_ROOTFS, 0, NULL, e);
}

static int share_files(struct cloning *c, struct err *e)
{
	AUTOCLOSE int source = open_source(c, e);

	if (source < 0 || staging_own(&c->work, NULL, e) < 0) return -1;
	if (conf_copy(c->en->m, source, LAYOUT_CONFIG, c->work.dir, LAYOUT_CONFIG, e) < 0)
		return -1;
	return share_rootfs(c, source, e);
}

static void warn_of_running(const struct cloning *c)
{
	if (!c->how->label && jail_runs(engine_state(c->en, c->jail, NULL, NULL)))
		out_warn("%s runs: its files are copied one after the other, so the clone may "
		         "mix states of different moments", c->name);
}

/* -- all of it -- */

static int copy_all(struct cloning *c, struct err *e)
{
	if (staging_own(&c->work, NULL, e) < 0) return -1;
	out_busy("copying");
	return source_copy(&c->whole, c->work.dir, e);
}

static int fill(struct cloning *c, struct err *e)
{
	const struct second second = { .from = c->name, .to = c->how->to, .shown = c->name };

	if ((c->how->full ? copy_all(c, e) : share_files(c, e)) < 0) return -1;
	if (second_renew(c->en->m, c->work.dir, &second, e) < 0) return -1;
	out_busy("writing to disk");
	return staging_finish(&c->work, e);
}

static int make(struct cloning *c, struct err *e)
{
	int rc;

	if (staging_begin(&c->jails, c->how->to, &c->work, e) < 0) return -1;
	rc = fill(c, e);
	out_progress_end();
	if (rc < 0) staging_undo(&c->work);
	staging_close(&c->work);
	return rc;
}

static int look_at_store(struct cloning *c, struct err *e)
{
	if (staging_sweep(&c->jails, e) < 0) return -1;
	return store_check_free(&c->jails, c->how->to, e);
}

static int clone_full(struct cloning *c, struct err *e)
{
	struct err late = { 0 };
	int rc;

	if (look_at_store(c, e) < 0) return -1;
	c->whole = (struct source){
		.en = c->en, .jail = c->jail, .name = c->name, .asked = c->how->label,
		.mixes = "the clone may mix states of different moments",
		.lock = -1, .held = -1, .files = -1, .jails.fd = -1,
	};
	if ((rc = source_open(&c->whole, e)) == 0) rc = make(c, e);
	if (source_close(&c->whole, &late) < 0 && rc == 0) rc = fail_as(e, &late);
	return rc;
}

static bool can_be_zfs_clone(const struct cloning *c)
{
	return c->from.dataset && c->jails.dataset &&
	       zfs_is_same_pool(c->from.dataset, c->jails.dataset);
}

static int clone_jail(struct cloning *c, struct err *e)
{
	AUTOLOCK int held = -1;

	if (op_snapshots_lock(c->en, c->jail, &c->from, e) < 0 ||
	    op_hold_standby(c->en, c->jail, &held, e) < 0)
		return -1;
	if (can_be_zfs_clone(c)) {
		c->jails.listed->also = c->from.dataset;
		if (look_at_store(c, e) < 0) return -1;
		return clone_zfs(c->en, &c->from, &c->jails, c->how, &c->origin, e);
	}
	if (look_at_store(c, e) < 0) return -1;
	warn_of_running(c);
	return make(c, e);
}

static void tell_origin(const struct cloning *c, const char *from, const char *label)
{
	const char *to = c->how->to;

	out_note("%s depends on the snapshot %s@%s; 'jlmkr promote %s' turns that round", to,
	         from, label, to);
}

/* The same command again, after it was interrupted: 1. */
static int resume(struct cloning *c, struct err *e)
{
	const struct clone_how *how = c->how;
	const char *from, *label;
	int rc = clone_zfs_resume(c->en->m, &c->jails, how->to, &from, &label, e);

	if (rc <= 0) return rc;
	if (how->full || !str_eq(from, c->name) || (how->label && !str_eq(how->label, label)))
		return 0;
	out_note("An earlier clone that was interrupted has made %s; it is finished now",
	         how->to);
	tell_origin(c, from, label);
	return 1;
}

int op_clone(struct engine *en, struct jail *j, const struct clone_how *how, struct err *e)
{
	AUTOCLONING c = { .en = en, .jail = j, .name = j->name, .how = how, .jails.fd = -1 };
	int rc;

	if (name_check(how->to, e) < 0) return -1;
	if (store_open(en->m, en->host->dir, &c.jails, e) < 0) return -1;
	if ((rc = resume(&c, e)) != 0) return rc < 0 ? -1 : 0;
	if (store_check_entry(&c.jails, how->to, e) < 0) return -1;
	if ((how->full ? clone_full(&c, e) : clone_jail(&c, e)) < 0) return -1;
	if (c.origin) tell_origin(&c, c.name, c.origin);
	return 0;
}

/* -- promote -- */

/* The origin of a jail that create made is the snapshot of an image, which has to stay one. */
static int fail_no_jail(const char *origin, struct err *e)
{
	return fail(e, ERR_INPUT,
	            "it is a clone of %s, which is not a jail; 'jlmkr clone --full' makes "
	            "a jail that depends on nothing", origin);
}

int op_promote(struct engine *en, struct jail *j, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };
	const struct zfs_dataset *d;
	struct snapshots s;
	size_t n;
	int rc = 1;

	if (op_snapshots_lock(en, j, &s, e) < 0) return -1;
	if (!s.dataset) return 1;
	if (store_look(en->m, en->host->dir, &jails, e) < 0) return -1;
	if (!(d = zfs_list(en->m, s.dataset, -1, &n, e))) return -1;
	/* Its own comes last, so that the same command goes on with one that was killed. */
	while (n--) {
		const char *origin = d[n].origin;

		if (str_eq(origin, "-") || zfs_is_within(origin, s.dataset)) continue;
		if (!jails.dataset || !zfs_is_within(origin, jails.dataset)) {
			if (!n && rc) return fail_no_jail(origin, e);
			continue;
		}
		if (zfs_promote(d[n].name, e) < 0) return -1;
		rc = 0;
	}
	return rc;
}
