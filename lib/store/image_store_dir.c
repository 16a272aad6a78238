/* The mark of a directory changes twice: it is set when the directory is made, and says that the
 * image is whole after the first copy, which has counted it. Before a directory is deleted the mark
 * is set back, so that nobody ever takes half an image for a whole one. */

#include "lib/store/image_store_dir.h"

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
#include "lib/jail/layout.h"

#define FOLDER "unpacked"

static int open_dir(int at, const char *name)
{
	return mark_open(at, name, O_RDONLY | O_DIRECTORY);
}

void image_dir_look(struct arena *m, const char *path, int images, struct image_dir *s)
{
	*s = (struct image_dir){ .m = m, .fd = open_dir(images, FOLDER), .dir = -1 };
	s->path = arena_printf(m, "%s/" FOLDER, path);
}

void image_dir_open(struct arena *m, const char *path, int images, int jails, struct image_dir *s)
{
	*s = (struct image_dir){ .m = m, .fd = -1, .dir = -1 };
	if (!reflink_works(images, jails)) return;
	mkdirat(images, FOLDER, 0700);
	image_dir_look(m, path, images, s);
	if (s->fd >= 0 && owner_check(s->fd, FOLDER, NULL) < 0) close(take_fd(&s->fd));
}

void image_dir_close(struct image_dir *s)
{
	image_dir_drop(s);
	if (s->fd >= 0) close(take_fd(&s->fd));
}

/* -- marks -- */

static int mark_begun(const struct image_dir *s, int dir, const char *sha256, struct err *e)
{
	return mark_set(s->fd, dir, arena_printf(s->m, MARK_IMAGE "%s", sha256), e);
}

static int mark_whole(const struct image_dir *s, const struct reflink_total *t, struct err *e)
{
	const char *text = arena_printf(s->m, MARK_WHOLE "%s:%" PRIu64 ":%" PRIu64 ":%" PRIx64,
	                                s->making, t->entries, t->bytes, t->sum);

	return mark_set(s->fd, s->dir, text, e);
}

/* What was counted when the image was made; false: it is none of ours, or not whole. */
static bool read_whole(const struct image_dir *s, int dir, const char *sha256, struct reflink_total *t)
{
	char text[MARK_MAX];

	mark_get(s->fd, dir, text);
	return mark_fits(text, sha256) && str_starts(text, MARK_WHOLE) &&
	       sscanf(text + strlen(MARK_WHOLE) + MARK_DIGITS, ":%" SCNu64 ":%" SCNu64 ":%" SCNx64,
	              &t->entries, &t->bytes, &t->sum) == 3;
}

/* The image that an entry of the folder is of, if it has a name of ours, or one that earlier
 * versions left. */
static const char *image_of(const struct image_dir *s, const char *entry)
{
	const char *digits = *entry == '.' ? strchr(entry, '-') : NULL;
	const char *sha256 = mark_digits(s->m, digits ? digits + 1 : entry);

	if (!sha256) return NULL;
	return str_eq(entry, sha256) || str_eq(entry, layout_create_name(s->m, sha256)) ||
	       str_eq(entry, layout_remove_name(s->m, sha256, 0)) ? sha256 : NULL;
}

/* -- what goes -- */

/* In the directory of an image there is its rootfs, and nothing else. */
static const char *find_foreign(const struct image_dir *s, int dir)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") && strcmp(name, "..") && strcmp(name, LAYOUT_ROOTFS))
			return arena_strdup(s->m, name);
	}
	return NULL;
}

enum removed { GONE, IN_USE, NOT_OURS, STAYS };

/* Refused before anything is touched, or half done: what was counted tells. */
static int remove_marked(const struct image_dir *s, const char *entry, const char *sha256, int dir,
                         struct err *e)
{
	char before[MARK_MAX];

	mark_get(s->fd, dir, before);
	if (mark_begun(s, dir, sha256, e) < 0) return -1;
	if (tree_remove(s->fd, entry, e) == 0) return 0;
	mark_set(s->fd, dir, before, NULL);
	return -1;
}

static enum removed remove_locked(const struct image_dir *s, const char *entry, const char *sha256,
                                  int dir, struct err *e)
{
	struct reflink_total was;
	const char *foreign = NULL;

	if (read_whole(s, dir, sha256, &was)) foreign = find_foreign(s, dir);
	if (foreign)
		return fail(e, ERR_BUSY, "jlmkr has not put %s in it", foreign), STAYS;
	if (remove_marked(s, entry, sha256, dir, e) < 0) return STAYS;
	mark_forget(s->fd, dir);
	return GONE;
}

/* `e` says why it stays. */
static enum removed remove_entry(const struct image_dir *s, const char *entry, struct err *e)
{
	AUTOCLOSE int dir = open_dir(s->fd, entry);
	const char *sha256 = image_of(s, entry);

	if (dir < 0 && errno == ENOENT) return GONE;
	if (dir < 0 || !sha256 || !mark_is_of(s->fd, dir, sha256)) return NOT_OURS;
	if (lock_take(dir, now_ms(), entry, NULL) < 0 || !mark_is_named(s->fd, entry, dir))
		return IN_USE;
	return remove_locked(s, entry, sha256, dir, e);
}

static void warn_stays(const struct image_dir *s, const char *entry, const struct err *why)
{
	out_warn("%s/%s stays: %s", s->path, entry, why->text);
}

/* A killed run may have made a directory and not marked it. */
static bool remove_blank(const struct image_dir *s, const char *entry)
{
	AUTOCLOSE int dir = open_dir(s->fd, entry);

	return dir >= 0 && lock_take(dir, now_ms(), entry, NULL) == 0 &&
	       mark_is_named(s->fd, entry, dir) && unlinkat(s->fd, entry, AT_REMOVEDIR) == 0;
}

static bool make_way(const struct image_dir *s, const char *entry)
{
	struct err why = { 0 };
	enum removed how = remove_entry(s, entry, &why);

	if (how == NOT_OURS && *entry == '.' && remove_blank(s, entry)) return true;
	if (how == NOT_OURS)
		out_warn("the image is not kept unpacked: %s", mark_none(s->m, s->fd, s->path, entry));
	if (how == STAYS) warn_stays(s, entry, &why);
	return how == GONE;
}

/* -- one image -- */

static int copy(int image, int to, struct reflink_total *total, struct err *e)
{
	AUTOCLOSE int from = open_dir(image, LAYOUT_ROOTFS), rootfs = -1;

	if (from < 0 && errno == ENOENT) return fail(e, ERR_INPUT, "its files are gone");
	if (from < 0) return fail_sys(e, "open " LAYOUT_ROOTFS);
	if (mkdirat(to, LAYOUT_ROOTFS, 0755) < 0) return fail_sys(e, "create " LAYOUT_ROOTFS);
	if ((rootfs = open_dir(to, LAYOUT_ROOTFS)) < 0) return fail_sys(e, "open " LAYOUT_ROOTFS);
	return reflink_tree(from, rootfs, total, e);
}

static int check_total(const struct reflink_total *is, const struct reflink_total *was, struct err *e)
{
	if (is->entries != was->entries)
		return fail(e, ERR_INPUT, "it has %" PRIu64 " files and directories, and %" PRIu64 " when it "
		            "was made", is->entries, was->entries);
	if (is->bytes == was->bytes && is->sum == was->sum) return 0;
	return fail(e, ERR_INPUT, "it was changed");
}

/* Two commands may find that: one deletes it. */
static void drop_damaged(const struct image_dir *s, const char *sha256, const struct err *why)
{
	struct err fault = { 0 };

	out_warn("%s/%s is damaged, and is unpacked again: %s", s->path, sha256, why->text);
	if (remove_entry(s, sha256, &fault) == STAYS) warn_stays(s, sha256, &fault);
}

int image_dir_copy(const struct image_dir *s, const char *sha256, int to, struct err *e)
{
	AUTOCLOSE int image = open_dir(s->fd, sha256);
	struct reflink_total is = { 0 }, was;
	struct err why = { 0 };

	if (image < 0 || flock(image, LOCK_SH | LOCK_NB) < 0 || !mark_is_named(s->fd, sha256, image) ||
	    !read_whole(s, image, sha256, &was))
		return fail(e, ERR_MISSING, "the image is not kept unpacked");
	if (copy(image, to, &is, &why) == 0 && check_total(&is, &was, &why) == 0) return 0;
	tree_remove(to, LAYOUT_ROOTFS, NULL);
	close(take_fd(&image));
	if (why.kind == ERR_INPUT) drop_damaged(s, sha256, &why);
	return fail(e, why.kind, "%s", why.text);
}

/* In the place of what a killed run has left, and of what could not be copied. */
int image_dir_begin(struct image_dir *s, const char *sha256)
{
	const char *hidden = layout_create_name(s->m, sha256);
	AUTOCLOSE int dir = -1;
	struct err why = { 0 };

	if (!make_way(s, hidden) || !make_way(s, sha256)) return -1;
	if (mkdirat(s->fd, hidden, 0700) < 0 || (dir = open_dir(s->fd, hidden)) < 0) return -1;
	if (lock_take(dir, now_ms(), hidden, NULL) < 0 || !mark_is_named(s->fd, hidden, dir)) return -1;
	if (mark_begun(s, dir, sha256, &why) < 0) {
		out_verbose("the image is not kept unpacked: %s", why.text);
		unlinkat(s->fd, hidden, AT_REMOVEDIR);
		return -1;
	}
	s->making = sha256;
	s->dir = take_fd(&dir);
	return s->dir;
}

/* Synced, so that a power cut leaves all of it, and the copies have nothing to wait for.
 * Another create may have been quicker: one is enough. */
int image_dir_finish(struct image_dir *s, int to, struct err *e)
{
	struct reflink_total total = { 0 };
	struct err why = { 0 };

	if (tree_sync(s->dir, e) < 0 || copy(s->dir, to, &total, e) < 0) return -1;
	if (mark_whole(s, &total, &why) < 0)
		out_verbose("the image is not kept unpacked: %s", why.text);
	else if (mark_rename(s->fd, layout_create_name(s->m, s->making), s->making) == 0)
		s->making = NULL;
	image_dir_drop(s);
	return 0;
}

void image_dir_drop(struct image_dir *s)
{
	if (s->dir >= 0) close(take_fd(&s->dir));
	if (s->making) remove_entry(s, layout_create_name(s->m, s->making), NULL);
	s->making = NULL;
}

/* -- all of them -- */

void image_dir_tell(const struct image_dir *s)
{
	AUTODIR DIR *d = s->fd < 0 ? NULL : dir_names(s->fd);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *sha256 = image_of(s, entry->d_name);
		AUTOCLOSE int dir = sha256 ? open_dir(s->fd, entry->d_name) : -1;

		if (!sha256 || (dir < 0 && errno == ENOENT)) continue;
		if (dir < 0 || !mark_is_of(s->fd, dir, sha256))
			out_warn("%s", mark_none(s->m, s->fd, s->path, entry->d_name));
	}
}

static void clear_entry(const struct image_dir *s, const char *entry, unsigned *failed)
{
	struct err why = { 0 };
	enum removed how = remove_entry(s, entry, &why);

	if (!failed) return;
	if (how == GONE) out_note("images/" FOLDER "/%s deleted", entry);
	if (how != STAYS) return;
	warn_stays(s, entry, &why);
	++*failed;
}

void image_dir_clear(const struct image_dir *s, bool (*keep)(const void *arg, const char *sha256),
                     const void *arg, unsigned *failed)
{
	AUTODIR DIR *d = s->fd < 0 ? NULL : dir_names(s->fd);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *sha256 = image_of(s, entry->d_name);

		if (sha256 && (*entry->d_name == '.' || !keep(arg, sha256)))
			clear_entry(s, entry->d_name, failed);
	}
	if (d && failed) mark_sweep(s->fd);
}
