#include "lib/ops/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/pack.h"
#include "lib/archive/squeeze.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/export_tree.h"
#include "lib/disk/lock.h"
#include "lib/disk/measure.h"
#include "lib/disk/reflink.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/ops/copy.h"
#include "lib/ops/export_zfs.h"
#include "lib/ops/snapshot.h"
#include "lib/ops/start.h"

#define SNAPSHOT_EXPORT "export"

/* -- what is written -- */

/* A clone of a snapshot that cannot be opened (clone_snapshot) is such a leftover, too. */
static int sweep_clones(struct source *x, struct err *e)
{
	if (x->jails.fd >= 0 || !x->of.dataset) return 0;
	if (store_open(x->en->m, x->en->host->dir, &x->jails, e) < 0) return -1;
	return staging_sweep(&x->jails, e);
}

/* Only the next export knows that nobody reads them any more. */
static int drop_leftovers(struct source *x, struct err *e)
{
	const struct snapshot *all;
	size_t n;

	if (!(all = snapshots_list(&x->of, &n, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		if (all[i].why && str_eq(all[i].why, SNAPSHOT_EXPORTED) &&
		    export_zfs_adopt(&x->of, all[i].label, e) < 0)
			return -1;
		if (!all[i].why || !str_eq(all[i].why, SNAPSHOT_EXPORT)) continue;
		out_note("Deleting %s@%s, which an interrupted command left", x->name,
		         all[i].label);
		if (sweep_clones(x, e) < 0 || snapshot_delete(&x->of, all[i].label, e) < 0)
			return -1;
	}
	return 0;
}

static int stop_jail(struct source *x, bool *runs, struct err *e)
{
	const struct stop_how how = { .timeout = x->timeout };

	*runs = jail_runs(engine_state(x->en, x->jail, NULL, NULL));
	if (!*runs || !x->stop) return 0;
	if (engine_stop(x->en, x->jail, &how, e) < 0) return -1;
	x->stopped = true;
	*runs = false;
	return 0;
}

static int start_exported(struct source *x, struct err *e)
{
	if (!x->stopped) return 0;
	x->stopped = false;
	if (op_start_named(x->en, x->name, e) < 0)
		return fail_in(e, "starting %s again", x->name);
	return 0;
}

/* Of a directory a snapshot is a copy: it is worth that only if the jail runs. */
static bool wants_snapshot(struct source *x, bool runs)
{
	int rootfs;

	if (x->jail->has_linked_rootfs) return false;
	if (x->of.dataset) return true;
	rootfs = runs ? jail_rootfs(x->jail, NULL) : -1;
	return rootfs >= 0 && reflink_works(rootfs, x->of.dir);
}

static int find_below(struct source *x, struct err *e)
{
	size_t n;

	if (!x->of.dataset || x->zfs) return 0;
	if (!zfs_list(x->en->m, x->of.dataset, 1, &n, e)) return -1;
	return n < 2 ? 0 : zfs_below_read(x->en->m, x->of.dataset, x->label, &x->below, e);
}

static int make_snapshot(struct source *x, struct err *e)
{
	struct snapshot_how how = { .why = SNAPSHOT_EXPORT };
	bool runs;

	/* Who has locked it has stopped it, too. */
	if (x->locked) return find_below(x, e);
	if (stop_jail(x, &runs, e) < 0) return -1;
	if (!wants_snapshot(x, runs)) {
		if (runs && x->mixes)
			out_warn("%s runs, and snapshots of it cannot be made here: its files "
			         "are read one after the other, so %s", x->name, x->mixes);
		return 0;
	}
	if (snapshot_make_now(&x->of, "export-", &how, e) < 0) return -1;
	x->label = how.label;
	x->made = true;
	return find_below(x, e);
}

static int find_source(struct source *x, struct err *e)
{
	if (!x->jail->has_linked_rootfs) {
		if (snapshots_open(x->en->m, x->jail, &x->of, e) < 0) return -1;
		if (drop_leftovers(x, e) < 0) return -1;
	}
	if (x->zfs && export_zfs_look(x->zfs, &x->of, x->from, !x->asked, e) < 0) return -1;
	if (!x->asked) return make_snapshot(x, e);
	if (x->jail->has_linked_rootfs && snapshots_open(x->en->m, x->jail, &x->of, e) < 0)
		return -1;
	x->label = x->asked;
	return find_below(x, e);
}

static int open_again(int fd, struct err *e)
{
	int again = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return fd >= 0 && again < 0 ? fail_sys(e, "open the jail") : again;
}

/* zfs-fuse cannot open a snapshot, but clone it. */
static int clone_snapshot(struct source *x, struct err *e)
{
	struct arena *m = x->en->m;
	const char *name = arena_printf(m, "export-of-%s", x->name);

	if (sweep_clones(x, e) < 0) return -1;
	if (staging_begin(&x->jails, name, &x->clone, e) < 0) {
		x->clone.jails = NULL;
		return -1;
	}
	x->clone.below = &x->below;
	if (zfs_below_check_clone(&x->below, e) < 0 ||
	    staging_own(&x->clone, arena_printf(m, "%s@%s", x->of.dataset, x->label), e) < 0)
		return -1;
	return (x->files = open_again(x->clone.dir, e)) < 0 ? -1 : 0;
}

static int open_files_of(struct source *x, struct err *e)
{
	struct err why = { 0 };

	if (!x->label) return (x->files = open_again(jail_dir(x->jail, e), e)) < 0 ? -1 : 0;
	x->files = snapshot_open_files(&x->of, x->label, &why);
	if (x->files >= 0) return 0;
	if (x->of.dataset && why.sys == ENOENT) return clone_snapshot(x, e);
	return fail_as(e, &why);
}

bool source_takes(const struct snapshots *of, const struct zfs_item *below)
{
	const char *top = arena_printf(of->m, "%s/" PACK_ROOT "/", of->path);

	return below->mounted && str_starts(below->mountpoint, top);
}

/* 0: it is nowhere in the root file system. */
static int add_graft(struct source *x, const struct zfs_item *d, struct err *e)
{
	struct export_graft *g = &x->grafts[x->grafts_n];
	const char *path;

	if (!source_takes(&x->of, d)) return 0;
	path = g->path = d->mountpoint + strlen(x->of.path) + 1;
	if (x->label && !x->clone.jails)
		path = arena_printf(x->en->m, "%s/.zfs/snapshot/%s", path, x->label);
	g->dir = open_by_rules(x->clone.jails ? x->files : x->of.dir, path,
	                       O_RDONLY | O_DIRECTORY, 0,
	                       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (g->dir < 0) return fail_sys(e, "open %s", path);
	x->grafts_n++;
	return 1;
}

static int add_grafts(struct source *x, struct err *e)
{
	const struct zfs_below *b = &x->below;

	x->grafts = arena_array(x->en->m, b->n, sizeof *x->grafts);
	for (size_t i = 0; i < b->n; i++) {
		int rc = add_graft(x, b->v[i], e);

		if (rc < 0) return -1;
		if (!rc && strcmp(b->v[i]->mountpoint, "none"))
			out_warn("the dataset %s is left out: it is not mounted in the root "
			         "file system", b->v[i]->name);
	}
	return 0;
}

static void drop_clone(struct source *x)
{
	for (size_t i = 0; i < x->grafts_n; i++)
		if (x->grafts[i].dir >= 0) close(x->grafts[i].dir);
	if (x->files >= 0) close(take_fd(&x->files));
	if (x->clone.jails) {
		staging_undo(&x->clone);
		staging_close(&x->clone);
	}
	store_close(&x->jails);
}

static int delete_snapshot(struct source *x, struct err *e)
{
	AUTOJAIL j = NO_JAIL;
	struct snapshots s;

	if (jail_open(x->en->m, x->en->host->dir, x->name, &j, e) < 0) return -1;
	if (jail_lock(&j, e) < 0 || snapshots_open_broken(x->en->m, &j, &s, e) < 0) return -1;
	return snapshot_delete(&s, x->label, e);
}

static void drop_snapshot(struct source *x)
{
	struct err why = { 0 };

	if (!x->made) return;
	jail_close(x->jail);
	*x->jail = (struct jail)NO_JAIL;
	signal_forget();
	if (delete_snapshot(x, &why) < 0)
		out_warn("the snapshot %s@%s is still there; the next export of the jail "
		         "deletes it: %s", x->name, x->label, why.text);
}

/* How many of them the walk has not met. */
static uint64_t tell_of_grafts(const struct source *x)
{
	uint64_t n = 0;

	for (size_t i = 0; i < x->grafts_n; i++) {
		if (x->grafts[i].dir < 0) continue;
		out_warn("%s is left out: the snapshot has no such directory",
		         x->grafts[i].path);
		n++;
	}
	return n;
}

/* The caller deletes the jail afterwards. */
static int check_whole(const struct source *x, uint64_t missing, struct err *e)
{
	if (!x->strict || !missing) return 0;
	return fail(e, ERR_BUSY, "%" PRIu64 " entries of it cannot be sent, and would be lost: "
	            "--keep keeps them here", missing);
}

/* The time of both is that of the config, which does not change from one export to the next. In
 * seconds: the first header says at once what this is, so no other may come before it. */
static int add_front(struct source *x, struct pack *p, time_t *when, struct err *e)
{
	struct arena *m = x->en->m;
	const char *config = conf_read_file(m, x->files, LAYOUT_CONFIG, LAYOUT_CONFIG, e);
	const char *head = x->zfs ? export_zfs_head(x->zfs) :
			   arena_printf(m, PACK_FORMAT "\nversion=" JLMKR_VERSION "\njail=%s\n",
	                                x->name);
	struct stat st;

	if (!config) return -1;
	if (fstatat(x->files, LAYOUT_CONFIG, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "stat " LAYOUT_CONFIG);
	*when = st.st_mtim.tv_sec;
	if (pack_file(p, PACK_HEAD, head, strlen(head), *when, e) < 0) return -1;
	return pack_file(p, PACK_CONFIG, config, strlen(config), *when, e);
}

static void tell_of(const struct export_tree *t, uint64_t lost)
{
	if (t->changed)
		out_warn("%" PRIu64 " files changed while they were read", t->changed);
	if (t->skipped > 10)
		out_warn("%" PRIu64 " entries are not in the archive", t->skipped);
	if (lost)
		out_warn("%" PRIu64 " files have attributes that the archive cannot keep",
		         lost);
	if (t->fixed)
		out_note("%" PRIu64 " files are immutable or append-only; the archive does not "
		         "keep that", t->fixed);
}

static int open_rootfs(struct source *x, struct err *e)
{
	if (x->label) return jail_open_rootfs(x->files, e);
	return open_again(jail_rootfs(x->jail, e), e);
}

static int add_jail(struct source *x, struct pack *p, struct err *e)
{
	AUTOCLOSE int rootfs = -1;
	struct export_tree t = { .to = p, .name = PACK_ROOT, .frozen = x->label,
				 .grafts = x->grafts, .grafts_n = x->grafts_n,
				 .there = x->there, .reached = x->reached };
	uint64_t missing;
	time_t when = 0;

	if (add_front(x, p, &when, e) < 0) return -1;
	if (x->zfs) return export_zfs_add(x->zfs, p, when, e);
	if ((rootfs = open_rootfs(x, e)) < 0) return -1;
	if (export_tree(&t, rootfs, e) < 0) return -1;
	out_progress_end();
	missing = tell_of_grafts(x);
	tell_of(&t, p->lost);
	return check_whole(x, missing + t.skipped, e);
}

uint64_t source_measure(struct source *x)
{
	AUTOCLOSE int rootfs = open_rootfs(x, NULL);

	return rootfs < 0 ? 0 : measure_tree(rootfs);
}

/* -- a copy of it -- */

/* It takes the place of what the mount hid. Those above others come first, so that theirs is
 * there. */
static int copy_graft(struct source *x, struct export_graft *g, int to, int flags,
                      struct err *e)
{
	const uint64_t rules = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
	const char *name = strrchr(g->path, '/') + 1;
	const char *above = arena_printf(x->en->m, "%.*s", (int)(name - g->path), g->path);
	AUTOCLOSE int in = open_by_rules(to, above, O_RDONLY | O_DIRECTORY, 0, rules);

	if (in < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return 0;
	if (in < 0) return fail_sys(e, "open %s", above);
	if (tree_remove(in, name, e) < 0 ||
	    reflink_new_tree(g->dir, in, name, flags, NULL, e) < 0)
		return fail_in(e, "%s", g->path);
	close(take_fd(&g->dir));
	return 0;
}

/* What is mounted in a jail that can change is not known, and refused. */
int source_copy(struct source *x, int to, struct err *e)
{
	const int flags = REFLINK_COPY | (x->label ? REFLINK_PAST_MOUNTS : 0);
	AUTOCLOSE int rootfs = open_rootfs(x, e);

	if (rootfs < 0 ||
	    conf_copy(x->en->m, x->files, LAYOUT_CONFIG, to, LAYOUT_CONFIG, e) < 0 ||
	    reflink_new_tree(rootfs, to, LAYOUT_ROOTFS, flags, NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < x->grafts_n; i++)
		if (copy_graft(x, &x->grafts[i], to, flags, e) < 0) return -1;
	tell_of_grafts(x);
	return 0;
}

/* -- an archive of it -- */

/* The manifest until it is written: a file without a name. */
static int open_spool(const struct host *h, struct err *e)
{
	int fd = open(h->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) fd = memfd_create("manifest", MFD_CLOEXEC);
	return fd < 0 ? fail_sys(e, "create a temporary file") : fd;
}

int source_write(struct source *x, enum squeeze_kind kind, int to, char *hex, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCLOSE int spool = open_spool(x->en->host, e);
	struct pack p;
	int rc;

	if (spool < 0) return -1;
	pack_begin(&p, &m, kind, to, spool);
	rc = add_jail(x, &p, e) < 0 ? -1 : pack_end(&p, hex, e);
	out_progress_end();
	pack_free(&p);
	return rc;
}

/* -- all of it -- */

/* A snapshot needs no lock any more: the jail can start, and change, while it is read. */
static int open_locked(struct source *x, struct err *e)
{
	if (find_source(x, e) < 0) return -1;
	if (x->zfs && export_zfs_choose(x->zfs, x->label, x->from, e) < 0) return -1;
	if (open_files_of(x, e) < 0 || add_grafts(x, e) < 0) return -1;
	if (!x->label) return 0;
	jail_unlock(x->jail);
	return start_exported(x, e);
}

int source_open(struct source *x, struct err *e)
{
	const char *key = arena_printf(x->en->m, "export:%s", x->name);

	if (!x->locked && jail_lock(x->jail, e) < 0) return -1;
	if (jail_check_own(x->jail, e) < 0) return -1;
	if (!x->locked && op_settle(x->en, x->jail, e) < 0) return -1;
	if (op_hold_standby(x->en, x->jail, &x->held, e) < 0) return -1;
	x->lock = lock_named(key, 0, arena_printf(x->en->m, "an export of %s", x->name), e);
	return x->lock < 0 ? -1 : open_locked(x, e);
}

int source_keep(struct source *x, int to, struct err *e)
{
	if (!x->zfs || !x->made) return 0;
	out_busy("writing to disk");
	fsync(to);
	out_progress_end();
	if (check_signal(e) < 0 || export_zfs_keep(x->zfs, e) < 0) return -1;
	x->made = false;
	x->kept = true;
	return 0;
}

void source_keep_not(struct source *x)
{
	if (!x->kept) return;
	x->made = true;
	drop_snapshot(x);
}

int source_close(struct source *x, struct err *e)
{
	if (x->lock >= 0) {
		drop_clone(x);
		drop_snapshot(x);
		lock_drop(&x->lock);
	}
	lock_drop(&x->held);
	if (!x->locked) jail_unlock(x->jail);
	if (x->stopped) signal_forget();
	return start_exported(x, e);
}
