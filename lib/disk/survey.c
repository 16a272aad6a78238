/* Each level of the way down has the names of the directories that are still to be entered.
 * Only the last levels have open descriptors. The levels above are opened again on the way
 * back, as "..", which must be the same directory as before. */

#include "lib/disk/survey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/statx.h"
#include "lib/disk/tree.h"
#include "lib/disk/volume.h"

enum { OPEN_LEVELS = 64, NAMES_SIZE = 64 << 10 };

struct level {
	int fd;			/* -1: closed; see open_again */
	dev_t dev;
	ino_t ino;
	const char *name;
	struct words below;	/* directories in it */
	size_t next;		/* of these */
};

struct walk {
	struct arena m;
	struct arena *kept;
	struct level *v;
	size_t n, room;
	char *names;
	const char *shown;
	struct survey *found;
};

/* "rootfs/etc/x", without the top directory. */
static const char *walk_path(const struct walk *w, struct arena *m, const char *last)
{
	struct str s = { .m = m };

	for (size_t i = 1; i < w->n; i++)
		str_addf(&s, "%s%s", s.len ? "/" : "", w->v[i].name);
	if (last) str_addf(&s, "%s%s", s.len ? "/" : "", last);
	return str_text(&s);
}

static int fail_at(struct walk *w, const char *last, struct err *e)
{
	return fail_sys(e, "%s/%s", w->shown, walk_path(w, &w->m, last));
}

static int fail_fixed(struct walk *w, const char *name, bool immutable, struct err *e)
{
	const char *path = walk_path(w, &w->m, name);

	return fail(e, ERR_HOST,
	            "%s/%s is %s, and the file has other hard links, perhaps outside of the "
	            "jail; to remove it, run chattr -%c '%s/%s'", w->shown, path,
	            immutable ? "immutable" : "append-only", immutable ? 'i' : 'a', w->shown,
	            path);
}

/* The removal clears the flags of files that have only this name, so those are no fault. */
static int check_file(struct walk *w, int dir, const char *name, bool *is_directory,
                      struct err *e)
{
	struct statx st;

	*is_directory = false;
	if (syscall(SYS_statx, dir, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_NLINK,
	            &st) < 0)
		return errno == ENOENT ? 0 : fail_at(w, name, e);
	*is_directory = S_ISDIR(st.stx_mode);
	if (*is_directory || st.stx_nlink < 2) return 0;
	if (!(st.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))) return 0;
	return fail_fixed(w, name, st.stx_attributes & STATX_ATTR_IMMUTABLE, e);
}

static int survey_name(struct walk *w, struct level *l, const struct dirent *d, struct err *e)
{
	bool is_directory = d->d_type == DT_DIR;

	if (is_dots(d->d_name)) return 0;
	/* Other kinds of files have no such flags. */
	if (d->d_type == DT_REG || d->d_type == DT_UNKNOWN)
		if (check_file(w, l->fd, d->d_name, &is_directory, e) < 0) return -1;
	if (is_directory) words_add(&l->below, d->d_name);
	return 0;
}

/* getdents64(2) returns entries like struct dirent, but of different lengths. */
static int read_level(struct walk *w, struct level *l, struct err *e)
{
	long n;

	while ((n = syscall(SYS_getdents64, l->fd, w->names, NAMES_SIZE)) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent *d = (const void *)(w->names + at);

			if (survey_name(w, l, d, e) < 0) return -1;
			at += d->d_reclen;
		}
	}
	return n < 0 && errno != ENOENT ? fail_at(w, NULL, e) : 0;
}

static void note_volume(struct walk *w, int fd)
{
	struct survey *s = w->found;
	uint64_t id;

	if (w->n < 2 || !volume_is(fd, &id)) return;
	s->v = arena_grow(w->kept, s->v, s->n, &s->room, sizeof *s->v);
	s->v[s->n++] = (struct survey_volume){ walk_path(w, w->kept, NULL), id };
}

static struct level *add_level(struct walk *w)
{
	w->v = arena_grow(&w->m, w->v, w->n, &w->room, sizeof *w->v);
	if (w->n >= OPEN_LEVELS && w->v[w->n - OPEN_LEVELS].fd >= 0)
		close(take_fd(&w->v[w->n - OPEN_LEVELS].fd));
	return &w->v[w->n++];
}

/* Takes over the descriptor. */
static int survey_enter(struct walk *w, int fd, const char *name, struct err *e)
{
	struct level *l = add_level(w);
	struct stat st;

	*l = (struct level){ .fd = fd, .name = name, .below = { .m = &w->m } };
	if (fstat(fd, &st) < 0) return fail_at(w, NULL, e);
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	note_volume(w, fd);
	return read_level(w, l, e);
}

static int open_again(struct walk *w, struct level *l, int below, struct err *e)
{
	struct stat st;

	l->fd = openat(below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->fd < 0) return fail_at(w, NULL, e);
	if (fstat(l->fd, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino) return 0;
	return fail(e, ERR_BUSY, "%s changed while jlmkr was reading it", w->shown);
}

static int leave_level(struct walk *w, struct err *e)
{
	AUTOCLOSE int fd = w->v[--w->n].fd;
	struct level *up = w->n ? &w->v[w->n - 1] : NULL;

	return up && up->fd < 0 ? open_again(w, up, fd, e) : 0;
}

static int survey_next(struct walk *w, struct err *e)
{
	struct level *l = &w->v[w->n - 1];
	const char *name;
	int fd;

	if (check_signal(e) < 0) return -1;
	if (l->next == l->below.n) return leave_level(w, e);
	name = l->below.v[l->next++];
	fd = tree_open(l->fd, name);
	if (fd >= 0) return survey_enter(w, fd, name, e);
	/* It was removed or replaced meanwhile, or it is a mount point. */
	if (errno == ENOENT || errno == ENOTDIR || errno == EXDEV || errno == ELOOP) return 0;
	return fail_at(w, name, e);
}

int survey_tree(struct arena *m, int dir, const char *shown, struct survey *s, struct err *e)
{
	struct walk w = { .kept = m, .shown = shown, .found = s };
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	*s = (struct survey){ 0 };
	if (fd < 0) return fail_sys(e, "open %s", shown);
	w.names = arena_alloc(&w.m, NAMES_SIZE);
	for (rc = survey_enter(&w, fd, "", e); rc == 0 && w.n;)
		rc = survey_next(&w, e);
	while (w.n--)
		if (w.v[w.n].fd >= 0) close(w.v[w.n].fd);
	arena_free(&w.m);
	return rc;
}

static bool has_volume(const struct survey *s, const struct survey_volume *v)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].id == v->id && str_eq(s->v[i].path, v->path)) return true;
	return false;
}

const struct survey_volume *survey_new(const struct survey *before, const struct survey *now)
{
	for (size_t i = 0; i < now->n; i++)
		if (!has_volume(before, &now->v[i])) return &now->v[i];
	return NULL;
}
