/* Snapshots of a jail that is a directory
 *
 *	JAIL/.snapshots/LABEL/		whole: it got its name by one rename
 *		.jlmkr-snapshot		its mark: when, why, and how large
 *		config, rootfs/
 *	JAIL/.snapshots/.new-LABEL/	being made
 *	JAIL/.snapshots/.old-LABEL/	being deleted
 *
 * Entries without the mark belong to somebody else: they are neither listed nor deleted. The
 * mark is the first file that is made and the last that is deleted. The jail's lock protects
 * all of it, so what has a hidden name when the lock is taken was left by a killed run. A jail
 * sees none of it: it sees its rootfs only. */

#include "lib/store/snapshot_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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
#include "lib/disk/owner.h"
#include "lib/disk/reflink.h"
#include "lib/disk/tree.h"
#include "lib/jail/conf.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"

#define MARK ".jlmkr-snapshot"
#define NEW ".new-"
#define OLD ".old-"

enum { MARK_LIMIT = 200, WHY_LIMIT = 40 };

/* -- the mark -- */

static const char *mark_text(struct arena *m, const struct snapshot *snap)
{
	return arena_printf(m, "made=%" PRId64 "\nbytes=%" PRId64 "\nwhy=%s\n", snap->made,
	                    snap->referenced, snap->why);
}

/* False: it is not ours, or not whole. */
static bool read_mark(struct arena *m, int folder, const char *entry, struct snapshot *snap)
{
	static char *const none[] = { NULL };
	AUTOCLOSE int dir = tree_open(folder, entry);
	char *why = arena_alloc(m, WHY_LIMIT);
	const char *text = dir < 0 ? NULL : read_file(m, dir, MARK, MARK_LIMIT, NULL, NULL);

	*snap = (struct snapshot){ .label = entry, .why = why, .used = -1, .clones = none };
	return text && sscanf(text, "made=%" SCNd64 "\nbytes=%" SCNd64 "\nwhy=%39[a-z-]",
	                      &snap->made, &snap->referenced, why) == 3;
}

static bool has_mark(int folder, const char *entry)
{
	AUTOCLOSE int dir = tree_open(folder, entry);
	struct stat st;

	return dir >= 0 && fstatat(dir, MARK, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

/* -- the folder -- */

/* -1 with ENOENT in e->sys if there is none. */
static int open_folder(int jail, struct err *e)
{
	AUTOCLOSE int fd = tree_open(jail, LAYOUT_SNAPSHOTS);

	if (fd < 0 && errno == EXDEV)
		return fail(e, ERR_BUSY, "something is mounted on " LAYOUT_SNAPSHOTS);
	if (fd < 0) return fail_sys(e, "open " LAYOUT_SNAPSHOTS);
	return owner_check(fd, LAYOUT_SNAPSHOTS, e) < 0 ? -1 : take_fd(&fd);
}

static int make_folder(int jail, struct err *e)
{
	if (mkdirat(jail, LAYOUT_SNAPSHOTS, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, "create " LAYOUT_SNAPSHOTS);
	return open_folder(jail, e);
}

static int list_names(struct arena *m, int folder, struct words *names, struct err *e)
{
	AUTODIR DIR *d = dir_names(folder);
	struct dirent *entry;

	*names = (struct words){ .m = m };
	if (!d) return fail_sys(e, "open " LAYOUT_SNAPSHOTS);
	for (errno = 0; (entry = readdir(d)); errno = 0)
		if (!is_dots(entry->d_name)) words_add(names, entry->d_name);
	return errno ? fail_sys(e, "list " LAYOUT_SNAPSHOTS) : 0;
}

static int delete_entry(int folder, const char *entry, struct err *e)
{
	return tree_remove_marked(folder, entry, MARK, e);
}

/* Delete what killed runs left. One that was killed before it made the mark left an empty
 * directory. */
static int sweep(struct arena *m, int folder, struct err *e)
{
	struct words names;

	if (list_names(m, folder, &names, e) < 0) return -1;
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i];

		if (!str_starts(name, NEW) && !str_starts(name, OLD)) continue;
		if (unlinkat(folder, name, AT_REMOVEDIR) == 0 || !has_mark(folder, name))
			continue;
		out_verbose("removing %s, a leftover of a killed run", name);
		if (delete_entry(folder, name, e) < 0) return -1;
	}
	return 0;
}

/* -- listed -- */

static int by_age(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;

	if (x->made != y->made) return x->made < y->made ? -1 : 1;
	return strcmp(x->label, y->label);
}

static struct snapshot *list_in(struct arena *m, int folder, size_t *n, struct err *e)
{
	struct snapshot *all;
	struct words names;

	*n = 0;
	if (list_names(m, folder, &names, e) < 0) return NULL;
	all = arena_array(m, names.n + 1, sizeof *all);
	for (size_t i = 0; i < names.n; i++)
		if (*names.v[i] != '.' && read_mark(m, folder, names.v[i], &all[*n])) ++*n;
	qsort(all, *n, sizeof *all, by_age);
	return all;
}

static struct snapshot *snapshot_dir_list(const struct snapshots *s, size_t *n, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int folder = open_folder(s->dir, &why);

	*n = 0;
	if (folder >= 0) return list_in(s->m, folder, n, e);
	if (why.sys == ENOENT) return arena_alloc(s->m, sizeof(struct snapshot));
	return fail_as(e, &why), NULL;
}

void snapshot_dir_labels(struct arena *m, int jail, struct words *labels)
{
	AUTOCLOSE int folder = open_folder(jail, NULL);
	size_t n = 0;
	const struct snapshot *all = folder < 0 ? NULL : list_in(m, folder, &n, NULL);

	for (size_t i = 0; all && i < n; i++)
		words_add(labels, all[i].label);
}

/* -- made -- */

/* The directories of a snapshot that is being made. */
struct making {
	const struct snapshots *s;
	const struct snapshot_how *how;
	const char *hidden;
	int folder, dir, rootfs;	/* .snapshots, the new one in it, the jail's rootfs */
};

static void close_making(const struct making *k)
{
	if (k->folder >= 0) close(k->folder);
	if (k->dir >= 0) close(k->dir);
	if (k->rootfs >= 0) close(k->rootfs);
}

static int check_sharing(const struct making *k, struct err *e)
{
	if (k->how->copy || reflink_works(k->rootfs, k->folder)) return 0;
	return fail(e, ERR_HOST,
	            "the file system of %s cannot share blocks (btrfs, XFS and ZFS datasets of "
	            "their own can); 'jlmkr snapshot --copy' makes a full copy", k->s->path);
}

static int open_making(struct making *k, struct err *e)
{
	const char *label = k->how->label;

	if ((k->rootfs = jail_open_rootfs(k->s->dir, e)) < 0) return -1;
	if ((k->folder = make_folder(k->s->dir, e)) < 0) return -1;
	if (sweep(k->s->m, k->folder, e) < 0 || check_sharing(k, e) < 0) return -1;
	if (faccessat(k->folder, label, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return 0;
	return fail(e, ERR_EXISTS, "there is a snapshot %s@%s already", k->s->name, label);
}

static int begin_making(struct making *k, struct err *e)
{
	if ((k->dir = tree_open(k->folder, k->hidden)) < 0)
		return fail_sys(e, "open %s", k->hidden);
	return create_file(k->dir, MARK, "", 0, 0600, e);
}

static int fill_making(const struct making *k, struct reflink_total *total, struct err *e)
{
	const char *path = arena_printf(k->s->m, "%s/" LAYOUT_CONFIG, k->s->path);
	const int flags = k->how->copy ? REFLINK_COPY : 0;

	if (conf_copy(k->s->m, k->s->dir, path, k->dir, LAYOUT_CONFIG, e) < 0) return -1;
	if (tree_sync(k->rootfs, e) < 0) return -1;
	return reflink_new_tree(k->rootfs, k->dir, LAYOUT_ROOTFS, flags, total, e);
}

static int finish_making(const struct making *k, const struct reflink_total *total,
                         struct err *e)
{
	const struct snapshot snap = {
		.why = k->how->why, .made = time(NULL), .referenced = (int64_t)total->bytes,
	};
	const char *text = mark_text(k->s->m, &snap);

	if (tree_sync(k->dir, e) < 0) return -1;
	if (replace_file(k->dir, MARK, text, strlen(text), 0600, e) < 0) return -1;
	if (tree_rename(k->folder, k->hidden, k->how->label, e) < 0) return -1;
	if (fsync(k->folder) < 0 || fsync(k->s->dir) < 0)
		return fail_sys(e, "fsync %s", k->s->path);
	return 0;
}

/* The folder stays if there are other snapshots in it. */
static void drop_folder(const struct snapshots *s)
{
	unlinkat(s->dir, LAYOUT_SNAPSHOTS, AT_REMOVEDIR);
}

/* The signal that brought us here must not stop the clean-up. A second one does. */
static void undo_making(const struct making *k)
{
	struct err why = { 0 };

	signal_forget();
	if (delete_entry(k->folder, k->hidden, &why) < 0)
		out_warn("%s/" LAYOUT_SNAPSHOTS "/%s stays until the next snapshot: %s",
		         k->s->path, k->hidden, why.text);
	drop_folder(k->s);
}

static int snapshot_dir_make(const struct snapshots *s, const struct snapshot_how *how,
                             struct err *e)
{
	__attribute__((cleanup(close_making))) struct making k = {
		.s = s, .how = how, .folder = -1, .dir = -1, .rootfs = -1,
		.hidden = arena_printf(s->m, NEW "%s", how->label),
	};
	struct reflink_total total = { 0 };

	if (open_making(&k, e) < 0) return drop_folder(s), -1;
	if (mkdirat(k.folder, k.hidden, 0700) < 0) return fail_sys(e, "create %s", k.hidden);
	if (begin_making(&k, e) == 0 && fill_making(&k, &total, e) == 0 &&
	    finish_making(&k, &total, e) == 0)
		return 0;
	undo_making(&k);
	return -1;
}

static int snapshot_dir_open_files(const struct snapshots *s, const char *label, struct err *e)
{
	AUTOCLOSE int folder = open_folder(s->dir, e);
	int dir = folder < 0 ? -1 : tree_open(folder, label);

	return folder >= 0 && dir < 0 ? fail_sys(e, "open %s@%s", s->name, label) : dir;
}

/* The mark comes first: what has it and `last` is not listed yet, as its name is hidden. */
int snapshot_dir_adopt(const struct snapshots *s, const char *entry, const char *last,
                       const struct snapshot_how *how, struct err *e)
{
	const char *label = how->label;
	const struct snapshot snap = { .why = how->why, .made = time(NULL),
		                       .referenced = -1 };
	const char *text = mark_text(s->m, &snap);
	AUTOCLOSE int folder = make_folder(s->dir, e);
	AUTOCLOSE int dir = folder < 0 ? -1 : tree_open(s->dir, entry);

	if (folder < 0) return -1;
	if (dir < 0) return fail_sys(e, "open %s", entry);
	if (replace_file(dir, MARK, text, strlen(text), 0600, e) < 0) return -1;
	if (faccessat(folder, label, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(e, ERR_EXISTS, "there is a snapshot %s@%s already", s->name, label);
	if (renameat(s->dir, entry, folder, label) < 0) return fail_sys(e, "rename %s", entry);
	unlinkat(dir, last, 0);
	return fsync(folder) < 0 ? fail_sys(e, "fsync " LAYOUT_SNAPSHOTS) : 0;
}

/* -- deleted -- */

static int snapshot_dir_delete(const struct snapshots *s, const char *label, struct err *e)
{
	const char *hidden = arena_printf(s->m, OLD "%s", label);
	AUTOCLOSE int folder = open_folder(s->dir, e);

	if (folder < 0 || sweep(s->m, folder, e) < 0) return -1;
	if (tree_rename(folder, label, hidden, e) < 0) return -1;
	if (fsync(folder) < 0) return fail_sys(e, "fsync " LAYOUT_SNAPSHOTS);
	if (delete_entry(folder, hidden, e) < 0)
		return fail_in(e, "%s@%s is gone, but not all of its files", s->name, label);
	drop_folder(s);
	return 0;
}

const struct snapshot_ops snapshot_dir = {
	.list = snapshot_dir_list,
	.make = snapshot_dir_make,
	.open_files = snapshot_dir_open_files,
	.delete = snapshot_dir_delete,
};
