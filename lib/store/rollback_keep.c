#include "lib/store/rollback_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/reflink.h"
#include "lib/disk/tree.h"
#include "lib/jail/jail.h"
#include "lib/store/rollback.h"
#include "lib/store/snapshot.h"

enum { MOVES_LIMIT = 1024 * 1024 };

/* A directory that is kept. NULL where it is not known yet. */
struct kept {
	const char *path;	/* as the caller has it */
	const char *link;	/* what the link of that name has in it; else NULL */
	const char *old, *new;	/* in the root file systems, without links on the way */
};

struct keeping {
	const struct snapshots *s;
	int old, new;		/* the root file systems */
	struct kept *v;
	size_t n;
};

static void close_trees(struct keeping *k)
{
	if (k->old >= 0) close(k->old);
	if (k->new >= 0) close(k->new);
}

#define AUTOKEEPING __attribute__((cleanup(close_trees))) struct keeping

/* -- in the old root file system -- */

/* The path of an open directory in the root file system; "" for that itself. */
static const char *path_in(struct arena *m, int root, int dir, struct err *e)
{
	const char *top = mount_fd_path(m, root, e), *path = top ? mount_fd_path(m, dir, e) :
	                  NULL;
	size_t n = path ? strlen(top) : 0;

	if (!path) return NULL;
	if (strncmp(path, top, n) || (path[n] && path[n] != '/'))
		return fail(e, ERR_BUSY, "%s is not in %s any more", path, top), NULL;
	if (strchr(path + n, '\n'))
		return fail(e, ERR_INPUT, "%s: a newline in its path", path), NULL;
	return path + n;
}

static int fail_kind(const char *path, struct err *e)
{
	return fail(e, ERR_INPUT, "the volume %s is not a directory in the jail: move it away, "
	            "or take it out of image_volumes", path);
}

static const char *link_text(struct arena *m, int place)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(place, "", text, sizeof text - 1);

	return arena_strndup(m, text, n < 0 ? 0 : (size_t)n);
}

/* Of a link the directory that it leads to. 1, or 0 if there is none. */
static int find_directory(const struct keeping *k, struct kept *d, int flags, struct err *e)
{
	struct arena *m = k->s->m;
	struct err why = { 0 };
	AUTOCLOSE int place = place_in_root(k->old, d->path, flags, &why);
	struct stat st;

	if (place < 0 && (why.sys == ENOENT || (d->link && why.sys == ELOOP))) return 0;
	if (place < 0 && why.sys == ENOTDIR) return fail_kind(d->path, e);
	if (place < 0) return fail_as(e, &why);
	if (fstat(place, &st) < 0) return fail_sys(e, "stat %s", d->path);
	if (S_ISLNK(st.st_mode)) {
		d->link = link_text(m, place);
		return find_directory(k, d, 0, e);
	}
	if (!S_ISDIR(st.st_mode)) return fail_kind(d->path, e);
	if (!(d->old = path_in(m, k->old, place, e))) return -1;
	return *d->old ? 1 : fail(e, ERR_INPUT, "the volume %s is the whole root file system",
	                          d->path);
}

static int find_old(struct keeping *k, char *const *paths, struct err *e)
{
	size_t n = 0;

	while (paths[n])
		n++;
	k->v = arena_array(k->s->m, n + 1, sizeof *k->v);
	for (; *paths; paths++) {
		struct kept *d = &k->v[k->n];

		*d = (struct kept){ .path = *paths };
		if (find_directory(k, d, O_NOFOLLOW, e) < 0) return -1;
		k->n += d->old || d->link;
	}
	return 0;
}

int keep_check(const struct snapshots *s, char *const *paths, struct err *e)
{
	AUTOKEEPING k = { .s = s, .old = jail_open_rootfs(s->dir, e), .new = -1 };

	return k.old < 0 ? -1 : find_old(&k, paths, e);
}

/* -- in the new one -- */

/* The folder of a path in a root file system, and its name there. */
static int open_place(struct arena *m, int root, const char *path, const char **name,
                      struct err *e)
{
	const char *slash = strrchr(path, '/');

	*name = slash + 1;
	return place_in_root(root, arena_strndup(m, path, (size_t)(slash - path) + 1),
	                     O_DIRECTORY, e);
}

/* A link of the image is in both, and what it leads to is kept where it is. Any other would go
 * without a word. */
static int check_link(const struct keeping *k, struct kept *d, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int place = place_in_root(k->new, d->path, O_NOFOLLOW, &why);

	if (place < 0 || !str_eq(link_text(k->s->m, place), d->link))
		return fail(e, ERR_INPUT, "the volume %s is a link to %s in the jail, and not "
		            "in the new image: make it a directory, or take it out of "
		            "image_volumes", d->path, d->link);
	d->path = d->old;
	return 0;
}

static int find_in_new(const struct keeping *k, struct kept *d, struct err *e)
{
	struct arena *m = k->s->m;
	AUTOCLOSE int folder = -1;
	const char *name, *above;

	if (mkdirs_above_in_root(k->new, d->path, 0755, e) < 0) return -1;
	if ((folder = open_place(m, k->new, d->path, &name, e)) < 0) return -1;
	if (!(above = path_in(m, k->new, folder, e))) return -1;
	d->new = arena_printf(m, "%s/%s", above, name);
	return 0;
}

/* -- those in others -- */

/* What follows `top` in the path: "" if they are the same. NULL: it is not in it. */
static const char *rest_in(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

static int fail_mixed(const struct kept *a, const struct kept *b, bool is_new, struct err *e)
{
	return fail(e, ERR_INPUT, "in the %s, the volumes %s and %s are the same directory, or "
	            "one is inside the other: move one of them away in the jail first",
	            is_new ? "new image" : "jail", b->path, a->path);
}

/* Whether `b` goes with `a`, of which it is a part in both root file systems. As long as the
 * places in the new one are not known, the names count. All else would mix their files. */
static int goes_with(const struct kept *b, const struct kept *a, struct err *e)
{
	const char *old = rest_in(b->old, a->old), *new;

	new = a->new ? rest_in(b->new, a->new) : rest_in(b->path, a->path);
	if (!new && (!old || !a->new)) return 0;
	return old && new && str_eq(old, new) ? 1 : fail_mixed(a, b, !old, e);
}

static int drop_inner(struct keeping *k, struct err *e)
{
	struct kept *left = arena_array(k->s->m, k->n + 1, sizeof *left);
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		int rc = 0;

		for (size_t j = 0; rc == 0 && j < k->n; j++)
			if (j < i || (j > i && !str_eq(k->v[i].old, k->v[j].old)))
				rc = goes_with(&k->v[i], &k->v[j], e);
		if (rc < 0) return -1;
		if (rc == 0) left[n++] = k->v[i];
	}
	k->v = left;
	k->n = n;
	return 0;
}

static int find_new(struct keeping *k, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		if (k->v[i].link && check_link(k, &k->v[i], e) < 0) return -1;
		if (k->v[i].old) k->v[n++] = k->v[i];
	}
	k->n = n;
	if (drop_inner(k, e) < 0) return -1;
	for (size_t i = 0; i < k->n; i++)
		if (find_in_new(k, &k->v[i], e) < 0) return fail_in(e, "%s", k->v[i].path);
	return drop_inner(k, e);
}

/* -- kept -- */

/* What the new root file system has there gives way. */
static int clear_place(const struct keeping *k, const struct kept *d, struct err *e)
{
	const char *name;
	AUTOCLOSE int folder = open_place(k->s->m, k->new, d->new, &name, e);

	return folder < 0 ? -1 : tree_remove(folder, name, e);
}

static int open_directory(int root, const char *path, struct err *e)
{
	AUTOCLOSE int place = place_in_root(root, path, O_DIRECTORY | O_NOFOLLOW, e);
	int fd = place < 0 ? -1 : reopen(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return place >= 0 && fd < 0 ? fail_sys(e, "open %s", path) : fd;
}

static int copy_one(const struct keeping *k, const struct kept *d, struct err *e)
{
	struct reflink_total total;
	AUTOCLOSE int from = open_directory(k->old, d->old, e), to = -1;

	if (from < 0 || mkdir_in_root(k->new, d->new, 0755, e) < 0) return -1;
	if ((to = open_directory(k->new, d->new, e)) < 0) return -1;
	return reflink_live_tree(from, to, reflink_flags(from, to), &total, e);
}

/* In each line both paths, which begin with a slash, and a slash between them. */
static int note_moves(const struct keeping *k, int work, struct err *e)
{
	struct str list = { .m = k->s->m };

	for (size_t i = 0; i < k->n; i++)
		str_addf(&list, "%s/%s\n", k->v[i].old, k->v[i].new);
	if (list.len > MOVES_LIMIT)
		return fail(e, ERR_INPUT, "the paths of the volumes are too long");
	return create_file(work, MOVES, str_text(&list), list.len, 0600, e);
}

int keep_in(const struct snapshots *s, int work, char *const *paths, struct err *e)
{
	AUTOKEEPING k = { .s = s, .old = jail_open_rootfs(s->dir, e), .new = -1 };

	if (k.old < 0 || (k.new = jail_open_rootfs(work, e)) < 0) return -1;
	if (find_old(&k, paths, e) < 0 || find_new(&k, e) < 0) return -1;
	if (k.n) out_busy("keeping the volumes");
	for (size_t i = 0; i < k.n; i++)
		if (clear_place(&k, &k.v[i], e) < 0) return fail_in(e, "%s", k.v[i].path);
	if (s->dataset) return note_moves(&k, work, e);
	for (size_t i = 0; i < k.n; i++)
		if (copy_one(&k, &k.v[i], e) < 0) return fail_in(e, "%s", k.v[i].path);
	return 0;
}

/* -- moved -- */

/* What is not there has been moved. A line of an older jlmkr has one path, for both. */
static int move_one(struct arena *m, int from, int to, char *line, struct err *e)
{
	char *split = strstr(line, "//");
	const char *path = split ? split + 1 : line;
	const char *old_name, *new_name;
	AUTOCLOSE int old = -1, new = -1;

	if (split) *split = 0;
	if ((old = open_place(m, from, line, &old_name, e)) < 0) return -1;
	if ((new = open_place(m, to, path, &new_name, e)) < 0) return -1;
	if (renameat(old, old_name, new, new_name) == 0 || errno == ENOENT) return 0;
	return fail_sys(e, "move %s into the new root file system", line);
}

/* Where two names cannot be exchanged in one step, the jail may be without a rootfs. */
int keep_move(const struct snapshots *s, int work, struct err *e)
{
	char *list = read_file(s->m, work, MOVES, MOVES_LIMIT, NULL, NULL), *line;
	AUTOCLOSE int from = list ? jail_open_rootfs(s->dir, NULL) : -1;
	AUTOCLOSE int to = from < 0 ? -1 : jail_open_rootfs(work, NULL);

	if (to < 0) return 0;
	while ((line = strsep(&list, "\n")))
		if (*line && move_one(s->m, from, to, line, e) < 0) return -1;
	return 0;
}
