#include "lib/store/rollback.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/project.h"
#include "lib/disk/reflink.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"
#include "lib/jail/conf.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/store/rollback_impl.h"
#include "lib/store/snapshot_impl.h"

#define BEFORE "before"
#define SWAP "swap"
#define KEPT "before-rollback-"
#define KEPT_UPDATE "before-update-"
#define NONE "-"
#define NONE_UPDATE "-update"		/* the label of none, after an update */

enum { SWAP_LIMIT = 200, LABEL_ROOM = 100, SECOND_MS = 1000 };

/* -- exchange -- */

/* What is in the file SWAP: the new root file system, and the label that the old one gets. */
struct swap {
	uint64_t ino;
	char label[LABEL_ROOM];		/* it begins with NONE: none */
};

static bool is_update(const char *label)
{
	return str_starts(label, KEPT_UPDATE) || str_eq(label, NONE_UPDATE);
}

bool rollback_is_begun(int jail)
{
	return faccessat(jail, WORK, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       faccessat(jail, FILES, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool read_swap(struct arena *m, int work, struct swap *w)
{
	const char *text = read_file(m, work, SWAP, SWAP_LIMIT, NULL, NULL);

	return text && sscanf(text, "%" SCNu64 " %99s", &w->ino, w->label) == 2;
}

static int exchange_config(const struct snapshots *s, int work, struct err *e)
{
	AUTOCLOSE int old = openat(s->dir, LAYOUT_CONFIG, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	                           O_CLOEXEC);
	const char *text;

	if (old < 0 && errno == ELOOP) {
		out_warn("the config of %s is a link, and stays as it is", s->name);
		return 0;
	}
	/* A part of it may be deleted already, after it was exchanged. */
	if (faccessat(work, LAYOUT_CONFIG, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return 0;
	text = conf_read_file(s->m, work, LAYOUT_CONFIG, LAYOUT_CONFIG, e);
	if (!text) return -1;
	if (old < 0) return replace_file(s->dir, LAYOUT_CONFIG, text, strlen(text), 0600, e);
	return replace_file_like(s->dir, LAYOUT_CONFIG, text, strlen(text), old, e);
}

/* -- exchanged -- */

/* What was rolled away becomes a snapshot: with its own config, without our files. */
static int keep_work(const struct snapshots *s, int work, const char *label, struct err *e)
{
	if (renameat(work, BEFORE, work, LAYOUT_CONFIG) < 0 && errno != ENOENT)
		return fail_sys(e, "rename " BEFORE);
	unlinkat(work, MOVES, 0);
	return snapshot_dir_adopt(s, WORK, SWAP, &(struct snapshot_how){
		.label = label, .why = is_update(label) ? SNAPSHOT_UPDATE : SNAPSHOT_ROLLBACK,
	}, e);
}

static int drop_work(int jail, struct err *e)
{
	return tree_remove_marked(jail, WORK, SWAP, e);
}

/* What is kept is not what the quota of the jail is about. It is there as "old" where the two
 * could not be exchanged in one step. */
static void settle_old(int work)
{
	renameat(work, "old", work, LAYOUT_ROOTFS);
	project_lift_at(work, LAYOUT_ROOTFS);
}

/* Each step may have been done before. */
static int finish_swap(const struct snapshots *s, int work, const struct swap *w, struct err *e)
{
	if (!name_has_inode(s->dir, LAYOUT_ROOTFS, w->ino) &&
	    (below_unmount(s, work, e) < 0 || keep_move(s, work, e) < 0 ||
	     rename_swap(s->dir, work, LAYOUT_ROOTFS, e) < 0))
		return -1;
	if (faccessat(work, BEFORE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    exchange_config(s, work, e) < 0)
		return -1;
	if (below_swap(s, work, e) < 0) return -1;
	settle_old(work);
	if (fsync(work) < 0 || fsync(s->dir) < 0) return fail_sys(e, "fsync %s", s->path);
	return str_starts(w->label, NONE) ? drop_work(s->dir, e) :
	       keep_work(s, work, w->label, e);
}

/* -- the clone to copy from -- */

static const char *files_dataset(const struct snapshots *s)
{
	return arena_printf(s->m, "%s/" FILES, s->dataset);
}

/* ZFS sets the mark in a second step, which a power cut may prevent. */
static bool is_ours(const struct snapshots *s, const struct zfs_item *files)
{
	if (files->kind) return str_eq(files->kind, FILES_KIND);
	return zfs_is_within(files->origin, s->dataset);
}

/* Programs that make snapshots of all datasets make them of this one, too. */
static int check_files(const struct snapshots *s, const struct zfs_items *items, struct err *e)
{
	if (!is_ours(s, &items->v[0]))
		return fail(e, ERR_EXISTS, "there is a dataset %s, which jlmkr did not make",
		            items->v[0].name);
	for (size_t i = 1; i < items->n; i++)
		if (!zfs_item_is_snapshot(&items->v[i]) && !is_ours(s, &items->v[i]))
			return fail(e, ERR_EXISTS,
			            "there is a dataset %s, which jlmkr did not make",
			            items->v[i].name);
	return 0;
}

/* Destroy it, if it is ours. */
static int drop_files(const struct snapshots *s, struct err *e)
{
	const char *dataset = files_dataset(s);
	struct words gone = { .m = s->m };
	struct zfs_items items;

	if (!zfs_exists(dataset)) return unlinkat(s->dir, FILES, AT_REMOVEDIR), 0;
	if (zfs_items_read(s->m, dataset, &items, e) < 0 || check_files(s, &items, e) < 0 ||
	    zfs_items_destroy(&items, &gone, e) < 0)
		return -1;
	unlinkat(s->dir, FILES, AT_REMOVEDIR);
	return 0;
}

static int open_files(const struct snapshots *s, const char *label, struct err *e)
{
	const char *origin;
	int dir;

	if (!s->dataset) return snapshot_open_files(s, label, e);
	origin = arena_printf(s->m, "%s@%s", s->dataset, label);
	if (zfs_clone(origin, files_dataset(s), FILES_KIND, NULL, e) < 0) return -1;
	dir = openat(s->dir, FILES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? fail_sys(e, "open " FILES) : dir;
}

/* -- with a copy -- */

static int copy_config(const struct snapshots *s, int from, int work, struct err *e)
{
	if (conf_copy(s->m, s->dir, LAYOUT_CONFIG, work, BEFORE, e) < 0) return -1;
	return conf_copy(s->m, from, LAYOUT_CONFIG, work, LAYOUT_CONFIG, e);
}

static int copy_rootfs(int from, int work, struct err *e)
{
	AUTOCLOSE int source = jail_open_rootfs(from, e);

	if (source < 0) return -1;
	return reflink_new_tree(source, work, LAYOUT_ROOTFS,
	                        reflink_flags(source, work), NULL, e);
}

static int fill_files(const struct snapshots *s, const struct rollback *r, int work,
                      struct err *e)
{
	if (conf_copy(s->m, s->dir, LAYOUT_CONFIG, work, BEFORE, e) < 0) return -1;
	if (r->fill(r->arg, work, e) < 0) return -1;
	return r->keep && keep_in(s, work, r->keep, e) < 0 ? -1 : tree_sync(work, e);
}

static int copy_files(const struct snapshots *s, const struct rollback *r, int work,
                      struct err *e)
{
	AUTOCLOSE int from = open_files(s, r->label, e);

	if (from < 0) return -1;
	if (copy_config(s, from, work, e) < 0 || copy_rootfs(from, work, e) < 0) return -1;
	return below_copy(s, r, work, e) < 0 ? -1 : tree_sync(work, e);
}

/* From now on the rollback is finished, whoever does it. */
static int begin_swap(const struct snapshots *s, const struct rollback *r, int work,
                      struct swap *w, struct err *e)
{
	const char *label = s->dataset ? NULL : r->kept;
	const char *text;
	struct stat st;

	if (fstatat(work, LAYOUT_ROOTFS, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "stat " LAYOUT_ROOTFS);
	w->ino = st.st_ino;
	snprintf(w->label, sizeof w->label, "%s", label ? label : r->fill ? NONE_UPDATE : NONE);
	text = arena_printf(s->m, "%" PRIu64 " %s\n", w->ino, w->label);
	return replace_file(work, SWAP, text, strlen(text), 0600, e);
}

static int roll_back_in(const struct snapshots *s, const struct rollback *r, struct err *e)
{
	AUTOCLOSE int work = tree_open(s->dir, WORK);
	struct swap w;
	int rc;

	if (work < 0) return fail_sys(e, "open " WORK);
	if (!r->fill) out_busy("copying");
	rc = r->fill ? fill_files(s, r, work, e) : copy_files(s, r, work, e);
	out_progress_end();
	if (s->dataset && !r->fill && drop_files(s, rc < 0 ? NULL : e) < 0) rc = -1;
	if (rc < 0 || below_unmount(s, work, e) < 0 || begin_swap(s, r, work, &w, e) < 0)
		return -1;
	return finish_swap(s, work, &w, e);
}

/* A label for what is rolled away of a directory. The next second has another one. */
static int find_label(const struct snapshots *s, const char *before, const char **label,
                      struct err *e)
{
	struct words labels = { .m = s->m };

	snapshot_dir_labels(s->m, s->dir, &labels);
	for (;;) {
		*label = arena_printf(s->m, "%s%s", before,
		                      snapshot_label_at(s->m, time(NULL)));
		if (!words_have(words_list(&labels), *label)) return 0;
		if (wait_fds(NULL, 0, deadline_in(SECOND_MS), e) < 0) return -1;
	}
}

/* Keeps what is rolled away: of a dataset in a snapshot that is made now. */
static int prepare_kept(const struct snapshots *s, struct rollback *r, struct err *e)
{
	const char *before = r->fill ? KEPT_UPDATE : KEPT;
	struct snapshot_how how = { .why = r->fill ? SNAPSHOT_UPDATE : SNAPSHOT_ROLLBACK };

	if (r->discard) return 0;
	if (!s->dataset) return find_label(s, before, &r->kept, e);
	if (snapshot_make_now(s, before, &how, e) < 0) return -1;
	r->kept = how.label;
	return 0;
}

static bool has_begun_swap(const struct snapshots *s)
{
	AUTOCLOSE int work = tree_open(s->dir, WORK);
	struct swap w;

	return work >= 0 && read_swap(s->m, work, &w);
}

/* As if it had not been tried. The signal that brought us here must not stop that. */
static void take_back(const struct snapshots *s, const struct rollback *r)
{
	struct err why = { 0 };

	signal_forget();
	if (rollback_finish(s, &why) < 0)
		out_warn("the files of an interrupted %s stay in %s until the next "
		         "one: %s", r->fill ? "update" : "rollback",
		         s->path, why.text);
	if (s->dataset && r->kept) snapshot_delete(s, r->kept, NULL);
}

static int roll_back_by_copy(const struct snapshots *s, struct rollback *r, struct err *e)
{
	if (prepare_kept(s, r, e) < 0) return -1;
	if (mkdirat(s->dir, WORK, 0700) < 0)
		fail_sys(e, "create %s/" WORK, s->path);
	else if (roll_back_in(s, r, e) == 0)
		return 0;
	if (has_begun_swap(s))
		return fail_in(e, "it is half done; the next %s or start finishes it",
		               r->fill ? "update, rollback" : "rollback");
	take_back(s, r);
	return -1;
}

int rollback_finish(const struct snapshots *s, struct err *e)
{
	AUTOCLOSE int work = -1;
	const char *what;
	struct swap w;

	/* An update makes none. */
	if (s->dataset && drop_files(s, e) < 0) return fail_in(e, "finishing the rollback");
	if ((work = tree_open(s->dir, WORK)) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open %s/" WORK, s->path);
	if (!read_swap(s->m, work, &w))
		return below_drop(s, work, e) < 0 || drop_work(s->dir, e) < 0 ?
		       fail_in(e, "removing " WORK) : 0;
	what = is_update(w.label) ? "update" : "rollback";
	if (finish_swap(s, work, &w, e) < 0) return fail_in(e, "finishing the %s", what);
	out_note("The %s of %s that was interrupted is finished", what, s->name);
	return 0;
}

/* -- with the rollback of ZFS -- */

static bool is_by_zfs(const struct snapshots *s, const struct rollback *r)
{
	return s->dataset && r->discard && !r->below;
}

static int look_below(const struct snapshots *s, struct rollback *r, struct err *e)
{
	const struct zfs_dataset *d;
	size_t n;

	if (!s->dataset) return 0;
	if (!(d = zfs_list(s->m, s->dataset, 1, &n, e))) return -1;
	for (size_t i = 1; r->fill && i < n; i++)
		if (strcmp(d[i].name, files_dataset(s)))
			return fail(e, ERR_INPUT,
			            "the dataset %s is below that of the jail, and an "
			            "update changes the jail's own only", d[i].name);
	return n > 1 && !r->fill ? below_check(s, r, e) : 0;
}

/* What would be destroyed with a rollback of ZFS: the `n` newer ones. */
static int check_newer(const struct snapshots *s, const struct rollback *r,
                       const struct snapshot *newer, size_t n, struct err *e)
{
	struct words names = { .m = s->m };

	for (size_t i = 0; i < n; i++) {
		words_add(&names, newer[i].label);
		if (newer[i].holds || *newer[i].clones)
			return fail(e, ERR_BUSY,
			            "the newer snapshot %s@%s would be destroyed, and "
			            "%s", s->name, newer[i].label,
			            newer[i].holds ? "it is held" :
			            arena_printf(s->m, "%s is a clone of it",
			                         *newer[i].clones));
	}
	if (!n || r->discard_newer) return 0;
	return fail(e, ERR_BUSY, "snapshots that are newer would be destroyed: %s; "
	            "--discard-newer destroys them, without --discard all are kept",
	            words_join(s->m, words_list(&names), ", "));
}

static int check_snapshots(const struct snapshots *s, const struct rollback *r, struct err *e)
{
	const struct snapshot *all;
	struct snapshot found;
	size_t n, i = 0;

	if (!(all = snapshots_list(s, &n, e))) return -1;
	while (i < n && strcmp(all[i].label, r->label)) i++;
	/* It says what there is. */
	if (i == n) return snapshot_find(s, r->label, &found, e);
	return is_by_zfs(s, r) ? check_newer(s, r, all + i + 1, n - i - 1, e) : 0;
}

/* What is mounted in it would move with the old files. */
static int check_mounts(const struct snapshots *s, struct err *e)
{
	const struct mount *inside = NULL;
	struct mounts t;

	if (mounts_read(s->m, &t, e) < 0) return -1;
	while ((inside = mount_beneath(&t, s->path, inside)))
		if (strcmp(inside->point, s->path) &&
		    !(s->dataset && zfs_of(inside) &&
		      zfs_is_within(zfs_of(inside), s->dataset)))
			return fail(e, ERR_BUSY, "something is mounted in it: umount '%s'",
			            inside->point);
	return 0;
}

int rollback_check(const struct snapshots *s, struct rollback *r, struct err *e)
{
	if (look_below(s, r, e) < 0) return -1;
	if (!r->fill && check_snapshots(s, r, e) < 0) return -1;
	if (r->keep && keep_check(s, r->keep, e) < 0) return -1;
	return check_mounts(s, e);
}

/* ZFS unmounts the dataset for that, and may be unable to mount it again. */
static int roll_back_dataset(const struct snapshots *s, const struct rollback *r, struct err *e)
{
	struct mounts t;

	if (zfs_rollback(s->dataset, r->label, r->discard_newer, e) < 0) return -1;
	if (mounts_read(s->m, &t, e) < 0) return -1;
	return zfs_at(&t, s->path) ? 0 : zfs_mount(s->dataset, e);
}

int rollback_jail(const struct snapshots *s, struct rollback *r, struct err *e)
{
	return is_by_zfs(s, r) ? roll_back_dataset(s, r, e) : roll_back_by_copy(s, r, e);
}
