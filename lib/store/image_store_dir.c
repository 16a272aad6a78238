/* Images as directories, where files can share blocks
 *
 *	DIR/images/unpacked/SHA256/rootfs	complete: jails are copies of it that share its
 *						blocks
 *	DIR/images/unpacked/.create-SHA256	being made, locked by the command that makes it
 *
 * The mark of such a directory says that the image is complete, and how much is in it. Each
 * copy is counted: if the numbers differ, the directory is deleted and the image is unpacked
 * again. A copy holds a shared lock on the image, so that nobody deletes it meanwhile.
 *
 * The mark changes twice. It is set when the directory is created. After the first copy, which
 * has counted the image, it says that the image is complete. Before a directory is deleted, the
 * mark is set back, so that nobody takes half an image for a complete one. */

#include "lib/store/image_store_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mark.h"
#include "lib/disk/owner.h"
#include "lib/disk/reflink.h"
#include "lib/disk/tree.h"
#include "lib/image/cache.h"
#include "lib/jail/layout.h"
#include "lib/store/staging.h"

#define FOLDER "unpacked"

static int open_image_dir(int at, const char *name)
{
	return mark_open(at, name, O_RDONLY | O_DIRECTORY);
}

static void open_shelf(struct image_store *u)
{
	u->shelf = open_image_dir(u->images.fd, FOLDER);
	u->shelf_path = arena_printf(u->images.m, "%s/" FOLDER, u->images.path);
}

static bool open_directories(struct image_store *u, const struct store *jails)
{
	if (!reflink_works(u->images.fd, jails->fd)) return false;
	mkdirat(u->images.fd, FOLDER, 0700);
	open_shelf(u);
	return u->shelf >= 0 && owner_check(u->shelf, FOLDER, NULL) == 0;
}

/* -- marks -- */

static int mark_begun(const struct image_store *u, int dir, const char *sha256, struct err *e)
{
	return mark_set(u->shelf, dir, arena_printf(u->images.m, MARK_IMAGE "%s", sha256), e);
}

static int mark_whole(const struct image_store *u, const struct reflink_total *t, struct err *e)
{
	const char *text = arena_printf(u->images.m,
	                                MARK_WHOLE "%s:%" PRIu64 ":%" PRIu64 ":%" PRIx64,
	                                u->making, t->entries, t->bytes, t->sum);

	return mark_set(u->shelf, u->dir, text, e);
}

/* What was counted when the image was made. False: it is not ours, or not complete. */
static bool read_whole(const struct image_store *u, int dir, const char *sha256,
                       struct reflink_total *t)
{
	char text[MARK_MAX];

	mark_get(u->shelf, dir, text);
	return mark_fits(text, sha256) && str_starts(text, MARK_WHOLE) &&
	       sscanf(text + strlen(MARK_WHOLE) + MARK_DIGITS,
	              ":%" SCNu64 ":%" SCNu64 ":%" SCNx64,
	              &t->entries, &t->bytes, &t->sum) == 3;
}

/* The SHA-256 in the name of an entry, also in names that earlier versions used. NULL: it is
 * not named like an image. */
static const char *entry_image(const struct image_store *u, const char *entry)
{
	const char *digits = *entry == '.' ? strchr(entry, '-') : NULL;
	const char *sha256 = mark_digits(u->images.m, digits ? digits + 1 : entry);

	if (!sha256) return NULL;
	return str_eq(entry, sha256) ||
	       str_eq(entry, layout_create_name(u->images.m, sha256)) ||
	       str_eq(entry, layout_remove_name(u->images.m, sha256, 0)) ? sha256 : NULL;
}

/* -- what goes -- */

/* The first entry beside `rootfs`: somebody else put it there. NULL: there is none. */
static const char *find_foreign(const struct image_store *u, int dir)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name;

		if (!is_dots(name) && strcmp(name, LAYOUT_ROOTFS))
			return arena_strdup(u->images.m, name);
	}
	return NULL;
}

enum removed { GONE, IN_USE, NOT_OURS, STAYS };

/* If nothing could be deleted, the old mark is still right. If a part was deleted, the next
 * copy finds that by its count. */
static int remove_marked(const struct image_store *u, const char *entry, const char *sha256,
                         int dir, struct err *e)
{
	char before[MARK_MAX];

	mark_get(u->shelf, dir, before);
	if (mark_begun(u, dir, sha256, e) < 0) return -1;
	if (tree_remove(u->shelf, entry, e) == 0) return 0;
	mark_set(u->shelf, dir, before, NULL);
	return -1;
}

static enum removed remove_locked(const struct image_store *u, const char *entry,
                                  const char *sha256, int dir, struct err *e)
{
	struct reflink_total was;
	const char *foreign = NULL;

	if (read_whole(u, dir, sha256, &was)) foreign = find_foreign(u, dir);
	if (foreign)
		return fail(e, ERR_BUSY, "jlmkr did not put %s in it", foreign), STAYS;
	if (remove_marked(u, entry, sha256, dir, e) < 0) return STAYS;
	mark_forget(u->shelf, dir);
	return GONE;
}

/* With STAYS, `e` says why. */
static enum removed remove_entry(const struct image_store *u, const char *entry, struct err *e)
{
	AUTOCLOSE int dir = open_image_dir(u->shelf, entry);
	const char *sha256 = entry_image(u, entry);

	if (dir < 0 && errno == ENOENT) return GONE;
	if (dir < 0 || !sha256 || !mark_is_of(u->shelf, dir, sha256)) return NOT_OURS;
	if (lock_take(dir, now_ms(), entry, NULL) < 0 || !mark_is_named(u->shelf, entry, dir))
		return IN_USE;
	return remove_locked(u, entry, sha256, dir, e);
}

static void warn_stays(const struct image_store *u, const char *entry, const struct err *why)
{
	out_warn("%s/%s stays: %s", u->shelf_path, entry, why->text);
}

/* A killed run may have created a directory and not marked it yet: it is empty. */
static bool remove_blank(const struct image_store *u, const char *entry)
{
	AUTOCLOSE int dir = open_image_dir(u->shelf, entry);

	return dir >= 0 && lock_take(dir, now_ms(), entry, NULL) == 0 &&
	       mark_is_named(u->shelf, entry, dir) &&
	       unlinkat(u->shelf, entry, AT_REMOVEDIR) == 0;
}

static bool clear_image_entry(const struct image_store *u, const char *entry)
{
	struct err why = { 0 };
	enum removed how = remove_entry(u, entry, &why);

	if (how == NOT_OURS && *entry == '.' && remove_blank(u, entry)) return true;
	if (how == NOT_OURS)
		out_warn("the image is not kept unpacked: %s",
		         mark_none(u->images.m, u->shelf, u->shelf_path, entry));
	if (how == STAYS) warn_stays(u, entry, &why);
	return how == GONE;
}

/* -- one image -- */

static int copy_rootfs(int image, int to, struct reflink_total *total, struct err *e)
{
	AUTOCLOSE int from = open_image_dir(image, LAYOUT_ROOTFS), rootfs = -1;

	if (from < 0 && errno == ENOENT) return fail(e, ERR_INPUT, "its files are gone");
	if (from < 0) return fail_sys(e, "open " LAYOUT_ROOTFS);
	if (mkdirat(to, LAYOUT_ROOTFS, 0755) < 0) return fail_sys(e, "create " LAYOUT_ROOTFS);
	if ((rootfs = open_image_dir(to, LAYOUT_ROOTFS)) < 0)
		return fail_sys(e, "open " LAYOUT_ROOTFS);
	return reflink_tree(from, rootfs, total, e);
}

static int check_total(const struct reflink_total *is, const struct reflink_total *was,
                       struct err *e)
{
	if (is->entries != was->entries)
		return fail(e, ERR_INPUT,
		            "it has %" PRIu64 " files and directories, but had %" PRIu64
		            " when it was made", is->entries, was->entries);
	if (is->bytes == was->bytes && is->sum == was->sum) return 0;
	return fail(e, ERR_INPUT, "it was changed");
}

/* Two commands may find the damage at the same time: one of them deletes it. */
static void drop_damaged(const struct image_store *u, const char *sha256, const struct err *why)
{
	struct err fault = { 0 };

	out_warn("%s/%s is damaged, and is unpacked again: %s", u->shelf_path, sha256,
	         why->text);
	if (remove_entry(u, sha256, &fault) == STAYS) warn_stays(u, sha256, &fault);
}

static int copy_counted(const struct image_store *u, const char *sha256, int to, struct err *e)
{
	AUTOCLOSE int image = open_image_dir(u->shelf, sha256);
	struct reflink_total is = { 0 }, was;
	struct err why = { 0 };

	if (image < 0 || flock(image, LOCK_SH | LOCK_NB) < 0 ||
	    !mark_is_named(u->shelf, sha256, image) || !read_whole(u, image, sha256, &was))
		return fail(e, ERR_MISSING, "the image is not kept unpacked");
	if (copy_rootfs(image, to, &is, &why) == 0 && check_total(&is, &was, &why) == 0)
		return 0;
	tree_remove(to, LAYOUT_ROOTFS, NULL);
	close(take_fd(&image));
	if (why.kind == ERR_INPUT) drop_damaged(u, sha256, &why);
	return fail_as(e, &why);
}

static bool image_store_dir_clone(struct image_store *u, const char *sha256,
                                  struct staging *work)
{
	struct err why = { 0 };

	if (copy_counted(u, sha256, work->dir, &why) == 0) return true;
	if (why.kind != ERR_MISSING) out_verbose("the image is unpacked again: %s", why.text);
	return false;
}

/* Also replaces what a killed run left, and an image that could not be copied. */
static int image_store_dir_begin(struct image_store *u, const char *sha256)
{
	const char *hidden = layout_create_name(u->images.m, sha256);
	AUTOCLOSE int dir = -1;
	struct err why = { 0 };

	if (!clear_image_entry(u, hidden) || !clear_image_entry(u, sha256)) return -1;
	if (mkdirat(u->shelf, hidden, 0700) < 0 || (dir = open_image_dir(u->shelf, hidden)) < 0)
		return -1;
	if (lock_take(dir, now_ms(), hidden, NULL) < 0 || !mark_is_named(u->shelf, hidden, dir))
		return -1;
	if (mark_begun(u, dir, sha256, &why) < 0) {
		out_verbose("the image is not kept unpacked: %s", why.text);
		unlinkat(u->shelf, hidden, AT_REMOVEDIR);
		return -1;
	}
	u->making = sha256;
	u->dir = take_fd(&dir);
	return u->dir;
}

/* The image is synced before it is marked, so that it survives a power cut and copies need not
 * wait. If another create was quicker, its image is kept. */
static int copy_and_keep(struct image_store *u, int to, struct err *e)
{
	struct reflink_total total = { 0 };
	struct err why = { 0 };

	if (tree_sync(u->dir, e) < 0 || copy_rootfs(u->dir, to, &total, e) < 0) return -1;
	if (mark_whole(u, &total, &why) < 0)
		out_verbose("the image is not kept unpacked: %s", why.text);
	else if (rename_new(u->shelf, layout_create_name(u->images.m, u->making),
	                    u->making) == 0)
		u->making = NULL;
	image_store_drop(u);
	return 0;
}

static void image_store_dir_drop(const struct image_store *u)
{
	remove_entry(u, layout_create_name(u->images.m, u->making), NULL);
}

/* -- all of them -- */

static void clear_entry(const struct image_store *u, const char *entry, unsigned *failed)
{
	struct err why = { 0 };
	enum removed how = remove_entry(u, entry, &why);

	if (!failed) return;
	if (how == GONE) out_note("images/" FOLDER "/%s deleted", entry);
	if (how != STAYS) return;
	warn_stays(u, entry, &why);
	++*failed;
}

/* Delete what killed runs left, and images: with `failed` all of them, else those whose archive
 * is not in the cache. With `failed`, each deletion is noted, and each failure is warned about
 * and counted. */
static void clear(const struct image_store *u, unsigned *failed)
{
	AUTODIR DIR *d = u->shelf < 0 ? NULL : dir_names(u->shelf);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *sha256 = entry_image(u, entry->d_name);

		if (sha256 &&
		    (failed || *entry->d_name == '.' || !image_store_has_archive(u, sha256)))
			clear_entry(u, entry->d_name, failed);
	}
	if (d && failed) mark_sweep(u->shelf);
}

static int image_store_dir_finish(struct image_store *u, struct staging *work, struct err *e)
{
	if (copy_and_keep(u, work->dir, e) < 0) return -1;
	clear(u, NULL);
	return 0;
}

static void image_store_dir_tell(struct image_store *u)
{
	AUTODIR DIR *d = NULL;
	struct dirent *entry;

	open_shelf(u);
	if (u->shelf >= 0) d = dir_names(u->shelf);
	while (d && (entry = readdir(d))) {
		const char *sha256 = entry_image(u, entry->d_name);
		AUTOCLOSE int dir = sha256 ? open_image_dir(u->shelf, entry->d_name) : -1;

		if (!sha256 || (dir < 0 && errno == ENOENT)) continue;
		if (dir < 0 || !mark_is_of(u->shelf, dir, sha256))
			out_warn("%s", mark_none(u->images.m, u->shelf, u->shelf_path,
			                         entry->d_name));
	}
}

static int image_store_dir_prune(struct image_store *u, struct image_pruned *p, struct err *e)
{
	(void)e;
	open_shelf(u);
	clear(u, &p->failed);
	return 0;
}

const struct image_store_ops image_store_dir = {
	.open = open_directories,
	.clone = image_store_dir_clone,
	.begin = image_store_dir_begin,
	.finish = image_store_dir_finish,
	.drop = image_store_dir_drop,
	.tell = image_store_dir_tell,
	.prune = image_store_dir_prune,
};
