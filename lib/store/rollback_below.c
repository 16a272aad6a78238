#include "lib/store/rollback_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/attrs.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/reflink.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_below.h"
#include "lib/disk/zfs_items.h"
#include "lib/jail/layout.h"
#include "lib/store/rollback.h"

#define NAMES "below"
#define IN_IT ".jlmkr-rollback"
#define NEW "rootfs"
#define IN "in"
#define OLD "old"

enum { NAMES_LIMIT = 1 << 20 };

/* -- checked -- */

static bool is_never_mounted(const struct zfs_item *d)
{
	return str_eq(d->mountpoint, "none");
}

static int by_mountpoint(const void *a, const void *b)
{
	const struct zfs_item *const *x = a, *const *y = b;

	return strcmp((*x)->mountpoint, (*y)->mountpoint);
}

static int open_mounted(const struct snapshots *s, const char *dataset, struct err *e)
{
	const char *point;
	struct mounts t;
	int dir;

	if (mounts_read(s->m, &t, e) < 0) return -1;
	if (!(point = zfs_mounted_at(&t, dataset)))
		return fail(e, ERR_HOST, "the dataset %s is not mounted", dataset);
	dir = open(point, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? fail_sys(e, "open %s", point) : dir;
}

static int check_one(const struct snapshots *s, const struct zfs_item *d, struct err *e)
{
	AUTOCLOSE int dir = -1;

	if (is_never_mounted(d)) return 0;
	if (!d->mounted || d->mountpoint[0] != '/')
		return fail(e, ERR_INPUT, "the dataset %s is not mounted by ZFS", d->name);
	if ((dir = open_mounted(s, d->name, e)) < 0) return -1;
	if (faccessat(dir, IN_IT, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return 0;
	return fail(e, ERR_EXISTS, "there is a " IN_IT " in %s", d->mountpoint);
}

int below_check(const struct snapshots *s, struct rollback *r, struct err *e)
{
	struct zfs_below *b = arena_alloc(s->m, sizeof *b);
	const char *files = arena_printf(s->m, "%s/" FILES, s->dataset);

	if (zfs_below_read(s->m, s->dataset, r->label, b, e) < 0) return -1;
	if (b->newer && strcmp(b->newer, files))
		return fail(e, ERR_INPUT, "the dataset %s is newer than the snapshot; rename "
		            "or destroy it first", b->newer);
	for (size_t i = 0; i < b->n; i++)
		if (check_one(s, b->v[i], e) < 0) return -1;
	if (b->n && r->discard_newer)
		return fail(e, ERR_INPUT,
		            "the dataset %s is below that of the jail: leave out "
		            "--discard-newer, because the newer snapshots stay",
		            b->v[0]->name);
	qsort(b->v, b->n, sizeof(void *), by_mountpoint);
	r->below = b->n ? b : NULL;
	return 0;
}

/* -- one of them -- */

/* The jail's dataset, which comes first, and those below it. */
struct listed {
	const struct zfs_dataset *v;
	size_t n;
};

/* `depth`: as of zfs_list. */
static int list_datasets(const struct snapshots *s, int depth, struct listed *l, struct err *e)
{
	return (l->v = zfs_list(s->m, s->dataset, depth, &l->n, e)) ? 0 : -1;
}

/* `top`: what is or will be the directory of the jail. The place of a dataset is its name,
 * unless another was set; that may be written with links above the jail. */
static int check_way(const struct snapshots *s, const struct listed *l, int top,
                     const char *name, const char *mountpoint, struct err *e)
{
	const char *const tops[] = { s->path, l->n ? l->v[0].mountpoint : s->path };

	if (zfs_below_check_way(top, name, e) < 0) return -1;
	for (size_t i = 0; i < 2; i++)
		if (mount_path_in(mountpoint, tops[i]) && strcmp(mountpoint, tops[i]) &&
		    zfs_below_check_way(top, mountpoint + strlen(tops[i]), e) < 0)
			return -1;
	return 0;
}

static int mount_and_open(const struct snapshots *s, const struct listed *l, const char *name,
                          struct err *e)
{
	const char *dataset = arena_printf(s->m, "%s%s", s->dataset, name);

	for (size_t i = 0; i < l->n; i++) {
		const struct zfs_dataset *d = &l->v[i];

		if (!str_eq(d->name, dataset) || d->mounted) continue;
		if (check_way(s, l, s->dir, name, d->mountpoint, e) < 0 ||
		    zfs_mount(dataset, e) < 0)
			return -1;
	}
	return open_mounted(s, dataset, e);
}

static int move_all(int from, int to, struct err *e)
{
	AUTODIR DIR *d = dir_names(from);
	struct dirent *entry;

	if (!d) return fail_sys(e, "open");
	while (errno = 0, entry = readdir(d)) {
		const char *name = entry->d_name;

		if (is_dots(name) || str_eq(name, IN_IT)) continue;
		if (renameat(from, name, to, name) < 0) return fail_sys(e, "rename %s", name);
	}
	return errno ? fail_sys(e, "read") : 0;
}

static int make_room(int dir, int work, struct err *e)
{
	AUTOCLOSE int old = -1;

	if (mkdirat(work, OLD, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, "create " IN_IT);
	if ((old = tree_open(work, OLD)) < 0) return fail_sys(e, "open " IN_IT);
	if (move_all(dir, old, e) < 0) return -1;
	return renameat(work, NEW, work, IN) < 0 ? fail_sys(e, "rename") : 0;
}

static int swap_one(int dir, struct err *e)
{
	AUTOCLOSE int work = tree_open(dir, IN_IT), in = -1;

	if (work < 0) return errno == ENOENT ? 0 : fail_sys(e, "open " IN_IT);
	if (faccessat(work, NEW, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    make_room(dir, work, e) < 0)
		return -1;
	if ((in = tree_open(work, IN)) >= 0 &&
	    (move_all(in, dir, e) < 0 || attrs_copy(in, dir, e) < 0))
		return -1;
	return tree_sync(dir, e) < 0 ? -1 : tree_remove(dir, IN_IT, e);
}

/* -- all of them -- */

static struct words recall_names(const struct snapshots *s, int work)
{
	char *text = read_file(s->m, work, NAMES, NAMES_LIMIT, NULL, NULL), *name;
	struct words names = { .m = s->m };

	while (text && (name = strsep(&text, "\n")))
		if (*name == '/') words_add(&names, name);
	return names;
}

static int write_names(const struct snapshots *s, const struct zfs_below *b, int work,
                       struct err *e)
{
	struct str text = { .m = s->m };

	for (size_t i = 0; i < b->n; i++)
		if (!is_never_mounted(b->v[i])) str_addf(&text, "%s\n", zfs_below_name(b, i));
	return create_file(work, NAMES, str_text(&text), text.len, 0600, e);
}

/* Its clone is below that of the jail's own files, under a number. */
static int copy_one(const struct snapshots *s, const struct rollback *r, size_t i,
                    struct err *e)
{
	const struct zfs_item *d = r->below->v[i];
	const char *clone = arena_printf(s->m, "%s/" FILES "/below-%zu", s->dataset, i);
	AUTOCLOSE int dir = open_mounted(s, d->name, e), work = -1, from = -1;

	if (dir < 0) return -1;
	if (mkdirat(dir, IN_IT, 0700) < 0)
		return fail_sys(e, "create " IN_IT " in %s", d->mountpoint);
	if (zfs_clone(arena_printf(s->m, "%s@%s", d->name, r->label), clone, FILES_KIND, NULL,
	              e) < 0)
		return -1;
	if ((from = open_mounted(s, clone, e)) < 0) return -1;
	if ((work = tree_open(dir, IN_IT)) < 0) return fail_sys(e, "open " IN_IT);
	if (reflink_new_tree(from, work, LAYOUT_ROOTFS,
	                     reflink_flags(from, work), NULL, e) < 0)
		return -1;
	return tree_sync(work, e);
}

/* A part of the way is in the dataset above, which has other files afterwards. Those above come
 * first, so that these are copied already. */
static int check_way_above(const struct snapshots *s, const struct zfs_below *b, size_t i,
                           struct err *e)
{
	const char *point = b->v[i]->mountpoint;
	AUTOCLOSE int dir = -1, work = -1, new = -1;
	size_t above = i;

	while (above > 0 && (is_never_mounted(b->v[above - 1]) ||
	                     !mount_path_in(point, b->v[above - 1]->mountpoint)))
		above--;
	if (!above) return 0;
	if ((dir = open_mounted(s, b->v[above - 1]->name, e)) < 0) return -1;
	if ((work = tree_open(dir, IN_IT)) < 0 || (new = tree_open(work, NEW)) < 0)
		return fail_sys(e, "open " IN_IT);
	return zfs_below_check_way(new, point + strlen(b->v[above - 1]->mountpoint), e);
}

int below_copy(const struct snapshots *s, const struct rollback *r, int work, struct err *e)
{
	const struct zfs_below *b = r->below;
	struct listed own;

	if (!b) return 0;
	if (write_names(s, b, work, e) < 0 || list_datasets(s, 0, &own, e) < 0) return -1;
	for (size_t i = 0; i < b->n; i++) {
		const char *name = zfs_below_name(b, i);

		if (is_never_mounted(b->v[i])) continue;
		if (check_way(s, &own, work, name, b->v[i]->mountpoint, e) < 0 ||
		    check_way_above(s, b, i, e) < 0 || copy_one(s, r, i, e) < 0)
			return -1;
	}
	return 0;
}

int below_unmount(const struct snapshots *s, int work, struct err *e)
{
	struct words names = recall_names(s, work), datasets = { .m = s->m };
	struct mounts t;

	for (size_t i = 0; i < names.n; i++)
		words_addf(&datasets, "%s%s", s->dataset, names.v[i]);
	if (!names.n) return 0;
	return mounts_read(s->m, &t, e) < 0 ? -1 : zfs_unmount_all(&t, &datasets, e);
}

int below_swap(const struct snapshots *s, int work, struct err *e)
{
	struct words names = recall_names(s, work);
	struct listed all;

	if (names.n && list_datasets(s, -1, &all, e) < 0) return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTOCLOSE int dir = mount_and_open(s, &all, names.v[i], e);

		if (dir < 0) return -1;
		if (swap_one(dir, e) < 0) return fail_in(e, "%s%s", s->dataset, names.v[i]);
	}
	return 0;
}

int below_drop(const struct snapshots *s, int work, struct err *e)
{
	struct words names = recall_names(s, work);
	struct listed all;

	if (names.n && list_datasets(s, -1, &all, e) < 0) return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTOCLOSE int dir = mount_and_open(s, &all, names.v[i], e);

		if (dir < 0 || tree_remove(dir, IN_IT, e) < 0) return -1;
	}
	return 0;
}
