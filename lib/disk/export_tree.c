#include "lib/disk/export_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/archive/entry.h"
#include "lib/archive/pack.h"
#include "lib/archive/path_walk.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/export_same.h"
#include "lib/disk/statx.h"
#include "lib/disk/tree.h"

/* Of a path that unpacking takes, the directory it is unpacked in is a part, too. */
enum { DEPTH_MAX = PATH_WALK_MAX - 2, LINK_BUCKETS = 1 << 14, ATTRS_MAX = 256,
       EXTENTS_MAX = 1 << 16, WARNINGS_MAX = 10, DISK_UNIT = 512, KNOWN_LINKS = 4096 };

/* A file with several names: the first of them. Times and size tell it from another one that
 * has got its number meanwhile. */
struct linked {
	struct linked *next;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	const char *path;
};

struct walk {
	struct export_tree *t;
	struct arena m, of_entry;
	struct linked *linked[LINK_BUCKETS];
	char path[PATH_MAX];
	size_t path_n;
	int depth;
	struct tar_entry entry;
	struct attr attrs[ATTRS_MAX];
	char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
};

static void skip(struct walk *w, const char *why)
{
	if (w->t->skipped++ < WARNINGS_MAX)
		out_warn("%s is not in the archive: %s", w->path, why);
}

/* -- attributes -- */

/* Of an open file, or by its path if `fd` is -1. */
struct named {
	int fd;
	const char *path;
};

static ssize_t list_attrs(const struct named *f, char *names, size_t room)
{
	return f->fd >= 0 ? flistxattr(f->fd, names, room) : llistxattr(f->path, names, room);
}

static ssize_t get_attr(const struct named *f, const char *name, void *value, size_t room)
{
	return f->fd >= 0 ? fgetxattr(f->fd, name, value, room) :
	       lgetxattr(f->path, name, value, room);
}

/* One that has gone meanwhile is none. Labels of the host's security modules mean nothing
 * elsewhere. */
static int take_attr(struct walk *w, const struct named *f, const char *name, struct err *e)
{
	struct tar_entry *n = &w->entry;
	ssize_t size;

	if (entry_is_label(name)) return 0;
	size = get_attr(f, name, w->value, sizeof w->value);
	if (size < 0 && errno == ENODATA) return 0;
	if (size < 0) return fail_sys(e, "read its attribute %s", name);
	if (n->attrs_n == ATTRS_MAX) return fail(e, ERR_INPUT, "it has too many attributes");
	w->attrs[n->attrs_n++] = (struct attr){
		name, arena_memdup(&w->of_entry, w->value, (size_t)size), (size_t)size,
	};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct attr *)a)->name, ((const struct attr *)b)->name);
}

static int take_attrs(struct walk *w, const struct named *f, struct err *e)
{
	ssize_t n = list_attrs(f, w->names, sizeof w->names);

	if (n == 0 || (n < 0 && errno == EOPNOTSUPP)) return 0;
	if (n < 0) return fail_sys(e, "read its attributes");
	for (const char *p = w->names; p < w->names + n; p += strlen(p) + 1)
		if (take_attr(w, f, p, e) < 0) return -1;
	qsort(w->attrs, w->entry.attrs_n, sizeof *w->attrs, by_name);
	w->entry.attrs = w->attrs;
	return 0;
}

/* -- entries -- */

static void describe_file(struct walk *w, const struct stat *st)
{
	w->entry = (struct tar_entry){
		.path = w->path, .mode = st->st_mode, .uid = st->st_uid, .gid = st->st_gid,
		.dev = st->st_rdev, .mtime = st->st_mtim,
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
	};
}

static bool is_linked(const struct linked *l, const struct stat *st)
{
	return l->ino == st->st_ino && l->dev == st->st_dev && l->size == st->st_size &&
	       l->mtime.tv_sec == st->st_mtim.tv_sec &&
	       l->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

static struct linked **bucket_of(struct walk *w, const struct stat *st)
{
	return &w->linked[st->st_ino % LINK_BUCKETS];
}

/* What was added now may have other names, which follow. */
static void note_name(struct walk *w, const struct stat *st)
{
	struct linked **bucket = bucket_of(w, st), *l;

	if (st->st_nlink < 2) return;
	l = arena_alloc(&w->m, sizeof *l);
	*l = (struct linked){ *bucket, st->st_dev, st->st_ino, st->st_size, st->st_mtim,
			      arena_strdup(&w->m, w->path) };
	*bucket = l;
}

/* Returns 1 if the file was added as another name of one before it. */
static int add_link(struct walk *w, const struct stat *st, struct err *e)
{
	const struct linked *l = st->st_nlink > 1 ? *bucket_of(w, st) : NULL;

	while (l && !is_linked(l, st))
		l = l->next;
	if (!l) return 0;
	describe_file(w, st);
	w->entry.hard = true;
	w->entry.link = l->path;
	return pack_entry(w->t->to, &w->entry, e) < 0 ? -1 : 1;
}

static int add_other(struct walk *w, int dir, const char *name, const struct stat *st,
                     struct err *e)
{
	struct named f = { .fd = -1 };
	int rc = add_link(w, st, e);

	if (rc) return rc < 0 ? -1 : 0;
	describe_file(w, st);
	if (S_ISLNK(st->st_mode)) {
		char *text = arena_alloc(&w->of_entry, PATH_MAX);

		if (readlinkat(dir, name, text, PATH_MAX - 1) < 0)
			return fail_sys(e, "read the link");
		w->entry.link = text;
	} else {
		f.path = arena_printf(&w->of_entry, "/proc/self/fd/%d/%s", dir, name);
		if (take_attrs(w, &f, e) < 0) return -1;
	}
	if (pack_entry(w->t->to, &w->entry, e) < 0) return -1;
	note_name(w, st);
	return 0;
}

/* -- contents -- */

/* Where the file has data. Above EXTENTS_MAX, and where it cannot be asked, the rest is data.
 * NULL: there are no holes. */
static struct tar_extent *find_extents(struct walk *w, int fd, const struct stat *st, size_t *n)
{
	struct tar_extent *v = NULL;
	size_t room = 0;
	off_t at = 0, end = 0, size = st->st_size;

	*n = 0;
	if (st->st_blocks >= (size + DISK_UNIT - 1) / DISK_UNIT) return NULL;
	v = arena_grow(&w->of_entry, v, 0, &room, sizeof *v);
	while (end < size && (at = lseek(fd, end, SEEK_DATA)) >= 0 && at < size) {
		if (*n + 1 == EXTENTS_MAX || (end = lseek(fd, at, SEEK_HOLE)) < 0 || end > size)
			end = size;
		v = arena_grow(&w->of_entry, v, *n, &room, sizeof *v);
		v[(*n)++] = (struct tar_extent){ (uint64_t)at, (uint64_t)(end - at) };
	}
	if (at < 0 && errno != ENXIO) return NULL;
	return *n == 1 && !v->at && v->n == (uint64_t)size ? NULL : v;
}

/* Returns the number of bytes put into the archive; what the file has not, are zeros. */
static ssize_t add_piece(struct walk *w, int fd, uint64_t at, uint64_t n, bool *short_of,
                         struct err *e)
{
	size_t room;
	void *to = pack_room(w->t->to, &room, e);
	ssize_t k;

	if (!to) return -1;
	if (room > n) room = (size_t)n;
	if ((k = pread(fd, to, room, (off_t)at)) < 0) return fail_sys(e, "read");
	if (k == 0) {
		memset(to, 0, room);
		k = (ssize_t)room;
		*short_of = true;
	}
	return pack_took(w->t->to, (size_t)k, e) < 0 ? -1 : k;
}

static void tell_progress(const struct export_tree *t)
{
	if (t->reached) __atomic_store_n(t->reached, t->bytes, __ATOMIC_RELAXED);
	else out_progress("exporting", t->bytes, 0);
}

static int add_data(struct walk *w, int fd, const struct tar_extent *x, bool *short_of,
                    struct err *e)
{
	for (uint64_t done = 0; done < x->n;) {
		ssize_t k = add_piece(w, fd, x->at + done, x->n - done, short_of, e);

		if (k < 0 || check_signal(e) < 0) return -1;
		done += (uint64_t)k;
		w->t->bytes += (uint64_t)k;
		tell_progress(w->t);
	}
	return 0;
}

static bool is_changed(int fd, const struct stat *before)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_size != before->st_size ||
	                               st.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	                               st.st_mtim.tv_nsec != before->st_mtim.tv_nsec);
}

/* 1: the reader has the file. One with very many names could get more than a file system can
 * count where several trees have it. */
static int add_known(struct walk *w, int fd, const struct stat *st, const struct tar_extent *v,
                     size_t n, struct err *e)
{
	int rc = st->st_nlink > KNOWN_LINKS ? 0 :
		 export_same(w->t->there, w->t->to, &w->entry, fd, v, n, e);

	if (rc <= 0) return rc;
	note_name(w, st);
	for (size_t i = 0; i < n; i++)
		w->t->bytes += v[i].n;
	tell_progress(w->t);
	return 1;
}

static int add_contents(struct walk *w, int fd, const struct stat *st, struct err *e)
{
	const struct tar_extent all = { 0, (uint64_t)st->st_size };
	const struct tar_extent *v;
	bool short_of = false;
	size_t n;
	int rc;

	if ((v = find_extents(w, fd, st, &n))) {
		w->entry.extents = v;
		w->entry.extents_n = n;
	} else {
		v = &all;
		n = 1;
	}
	if (w->t->there && (rc = add_known(w, fd, st, v, n, e))) return rc < 0 ? -1 : 0;
	if (pack_entry(w->t->to, &w->entry, e) < 0) return -1;
	note_name(w, st);
	for (size_t i = 0; i < n; i++)
		if (add_data(w, fd, &v[i], &short_of, e) < 0) return -1;
	if (short_of || (!w->t->frozen && is_changed(fd, st))) w->t->changed++;
	return 0;
}

/* Opening a device can have effects. Where names can change, the file is looked at first. */
static int open_regular(const struct walk *w, int dir, const char *name, struct stat *st)
{
	AUTOCLOSE int place = -1, fd = -1;

	if (w->t->frozen) {
		fd = openat(dir, name,
		            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	} else {
		if ((place = place_in_root(dir, name, O_NOFOLLOW, NULL)) < 0) return -1;
		if (fstat(place, st) < 0) return -1;
		if (!S_ISREG(st->st_mode)) return errno = ENOENT, -1;
		fd = reopen(place, O_RDONLY);
	}
	if (fd < 0 || (w->t->frozen && fstat(fd, st) < 0)) return -1;
	return take_fd(&fd);
}

static int add_file(struct walk *w, int dir, const char *name, struct stat *st, struct err *e)
{
	AUTOCLOSE int fd = -1;
	struct named f;
	int rc = add_link(w, st, e);

	if (rc) return rc < 0 ? -1 : 0;
	fd = f.fd = open_regular(w, dir, name, st);
	if (fd < 0 && errno == EXDEV) return skip(w, "something is mounted on it"), 0;
	if (fd < 0) return fail_sys(e, "open");
	describe_file(w, st);
	if (take_attrs(w, &f, e) < 0) return -1;
	return add_contents(w, fd, st, e);
}

/* -- directories -- */

static int add_names(struct walk *w, int dir, struct err *e);

static int add_dir(struct walk *w, int fd, struct err *e)
{
	const struct named f = { .fd = fd };
	struct stat st;

	if (fstat(fd, &st) < 0) return fail_sys(e, "stat");
	describe_file(w, &st);
	if (take_attrs(w, &f, e) < 0 || pack_entry(w->t->to, &w->entry, e) < 0) return -1;
	w->depth++;
	if (add_names(w, fd, e) < 0) return -1;
	w->depth--;
	return 0;
}

static int take_graft(const struct walk *w)
{
	struct export_graft *g = w->t->grafts;

	for (size_t i = 0; i < w->t->grafts_n; i++)
		if (str_eq(g[i].path, w->path)) return take_fd(&g[i].dir);
	return -1;
}

static int add_subdir(struct walk *w, int dir, const char *name, const struct stat *st,
                      struct err *e)
{
	AUTOCLOSE int fd = take_graft(w);

	if (fd < 0) fd = tree_open(dir, name);
	if (fd >= 0) return add_dir(w, fd, e);
	if (errno != EXDEV) return fail_sys(e, "open");
	skip(w, "something is mounted on it");
	describe_file(w, st);
	return pack_entry(w->t->to, &w->entry, e);
}

static void convert(const struct statx *from, struct stat *st)
{
	*st = (struct stat){
		.st_mode = from->stx_mode, .st_uid = from->stx_uid, .st_gid = from->stx_gid,
		.st_ino = from->stx_ino, .st_nlink = from->stx_nlink,
		.st_size = (off_t)from->stx_size,
		.st_dev = makedev(from->stx_dev_major, from->stx_dev_minor),
		.st_rdev = makedev(from->stx_rdev_major, from->stx_rdev_minor),
		.st_mtim = { from->stx_mtime.tv_sec, from->stx_mtime.tv_nsec },
	};
}

static int add_named(struct walk *w, int dir, const char *name, struct err *e)
{
	struct statx x = { 0 };
	struct stat st;

	arena_free(&w->of_entry);
	if (syscall(SYS_statx, dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
	            STATX_BASIC_STATS, &x) < 0)
		return fail_sys(e, "stat");
	convert(&x, &st);
	if (S_ISSOCK(st.st_mode)) return 0;
	if (x.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) w->t->fixed++;
	if (S_ISDIR(st.st_mode)) {
		if (w->depth < DEPTH_MAX) return add_subdir(w, dir, name, &st, e);
		return skip(w, "it is too many directories deep"), 0;
	}
	return S_ISREG(st.st_mode) ? add_file(w, dir, name, &st, e) :
	       add_other(w, dir, name, &st, e);
}

/* A name that is gone by now is no fault, as long as nothing of it is in the archive. */
static int add_or_skip(struct walk *w, int dir, const char *name, struct err *e)
{
	uint64_t before = w->t->to->entries;

	if (add_named(w, dir, name, e) == 0) return 0;
	if (w->t->frozen || e->sys != ENOENT || w->t->to->entries != before) return -1;
	*e = (struct err){ 0 };
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(struct arena *m, int dir, struct words *names, struct err *e)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;

	*names = (struct words){ .m = m };
	if (!d) return fail_sys(e, "open");
	while (errno = 0, entry = readdir(d))
		if (!is_dots(entry->d_name)) words_add(names, entry->d_name);
	if (errno) return fail_sys(e, "read");
	if (names->n) qsort(names->v, names->n, sizeof *names->v, compare_names);
	return 0;
}

static int add_names(struct walk *w, int dir, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const size_t before = w->path_n;
	struct words names;

	if (read_names(&m, dir, &names, e) < 0) return -1;
	for (size_t i = 0; i < names.n; i++) {
		size_t n = strlen(names.v[i]);

		if (check_signal(e) < 0) return -1;
		if (before + n + 2 >= sizeof w->path) {
			skip(w, "the path of a file in it is too long");
			continue;
		}
		w->path[before] = '/';
		memcpy(w->path + before + 1, names.v[i], n + 1);
		w->path_n = before + 1 + n;
		if (add_or_skip(w, dir, names.v[i], e) < 0) return -1;
		w->path_n = before;
		w->path[before] = 0;
	}
	return 0;
}

int export_tree(struct export_tree *t, int dir, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct walk *w = arena_alloc(&m, sizeof *w);
	struct err why = { 0 };
	int rc;

	w->t = t;
	snprintf(w->path, sizeof w->path, "%s", t->name);
	w->path_n = strlen(w->path);
	rc = add_dir(w, dir, &why);
	if (rc < 0) {
		fail_as(e, &why);
		if (why.kind != ERR_INTERRUPTED && why.kind != ERR_UNREAD)
			fail_in(e, "%s", w->path);
	}
	arena_free(&w->of_entry);
	arena_free(&w->m);
	return rc;
}
