/* Reads the tree name by name and creates the copies with the code that creates the files of
 * archives (archive/entry.h): the same order of owner, mode, attributes and times, the same
 * rules about links. That code needs a process of its own, because it changes the umask and
 * the working directory. */

#include "lib/disk/reflink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/archive/entry.h"
#include "lib/archive/path_walk.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/process_pool.h"
#include "lib/base/wait.h"
#include "lib/disk/tree.h"

enum { LINK_BUCKETS = 1 << 16, ATTRS_MAX = 256, CHUNK = 1 << 24 };

/* A file with several names: the first one that was copied. */
struct linked {
	struct linked *next;
	ino_t ino;
	const char *path;
};

/* The result, in memory shared with the parent. */
struct outcome {
	struct err e;
	struct reflink_total total;
};

/* What is to be done. */
struct copying {
	int from, to;
	bool live;			/* reflink_live_tree, and its flags */
	int flags;
};

struct sharing {
	struct copying how;
	struct arena m, of_entry;
	struct path_walk to;
	struct entry entry;
	dev_t dev;
	struct linked *linked[LINK_BUCKETS];
	struct outcome *said;
};

/* A file to copy: open as `fd`, or a name in the directory `dir`. */
struct source {
	int fd, dir;
	const char *name;
	struct stat st;
};

bool reflink_works(int from, int to)
{
	AUTOCLOSE int a = openat(from, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	AUTOCLOSE int b = openat(to, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return a >= 0 && b >= 0 && ioctl(b, FICLONE, a) == 0;
}

int reflink_flags(int from, int to)
{
	return reflink_works(from, to) ? 0 : REFLINK_COPY;
}

static ssize_t list_attrs(const struct source *f, char *names, size_t room)
{
	if (f->fd >= 0) return flistxattr(f->fd, names, room);
	return fchdir(f->dir) < 0 ? -1 : llistxattr(f->name, names, room);
}

/* The working directory is that of list_attrs. */
static ssize_t get_attr(const struct source *f, const char *name, void *value, size_t room)
{
	if (f->fd >= 0) return fgetxattr(f->fd, name, value, room);
	return lgetxattr(f->name, name, value, room);
}

static int take_attr(struct sharing *s, const struct source *f, const char *name, struct err *e)
{
	ssize_t size = get_attr(f, name, NULL, 0);
	void *value;

	if (size < 0) return fail_sys(e, "read its attribute %s", name);
	if (s->entry.attrs_n == ATTRS_MAX)
		return fail(e, ERR_INPUT, "it has too many attributes");
	value = arena_alloc(&s->of_entry, (size_t)size + 1);
	if ((size = get_attr(f, name, value, (size_t)size)) < 0)
		return fail_sys(e, "read its attribute %s", name);
	s->entry.attrs[s->entry.attrs_n++] = (struct attr){ name, value, (size_t)size };
	return 0;
}

static int take_attrs(struct sharing *s, const struct source *f, struct err *e)
{
	ssize_t n = list_attrs(f, NULL, 0);
	char *names;

	arena_free(&s->of_entry);
	s->entry.attrs_n = 0;
	if (n == 0 || (n < 0 && errno == EOPNOTSUPP)) return 0;
	if (n < 0) return fail_sys(e, "read its attributes");
	names = arena_alloc(&s->of_entry, (size_t)n + 1);
	if ((n = list_attrs(f, names, (size_t)n)) < 0)
		return fail_sys(e, "read its attributes");
	s->entry.attrs = arena_array(&s->of_entry, ATTRS_MAX, sizeof *s->entry.attrs);
	for (const char *p = names; p < names + n; p += strlen(p) + 1)
		if (take_attr(s, f, p, e) < 0) return -1;
	return 0;
}

static int take_link(struct sharing *s, const struct source *f, struct err *e)
{
	char *text = arena_alloc(&s->of_entry, PATH_MAX);
	ssize_t n = readlinkat(f->dir, f->name, text, PATH_MAX - 1);

	s->entry.link = text;
	return n < 0 ? fail_sys(e, "read the link") : 0;
}

/* The name of this file that was copied first; NULL if this is the first one. The others become
 * hard links to it. */
static const char *first_name(struct sharing *s, const struct stat *st)
{
	struct linked **bucket = &s->linked[st->st_ino % LINK_BUCKETS], *l;

	for (l = *bucket; l; l = l->next)
		if (l->ino == st->st_ino) return l->path;
	l = arena_alloc(&s->m, sizeof *l);
	*l = (struct linked){ *bucket, st->st_ino, arena_strdup(&s->m, s->entry.path) };
	*bucket = l;
	return NULL;
}

static uint64_t hash_add(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static void add_to_total(struct sharing *s, const struct stat *st)
{
	uint64_t size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0, hash = 0;
	const uint64_t values[] = {
		st->st_mode, st->st_uid, st->st_gid, st->st_rdev, size,
		(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec,
	};

	for (const char *c = s->entry.path; *c; c++)
		hash = hash_add(hash, (unsigned char)*c);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		hash = hash_add(hash, values[i]);
	s->said->total.entries++;
	s->said->total.bytes += size;
	s->said->total.sum += hash;
}

static int read_source(struct sharing *s, const struct source *f, struct err *e)
{
	const struct stat *st = &f->st;
	const char *first = NULL;

	if (st->st_dev != s->dev) return fail(e, ERR_BUSY, "something is mounted there");
	add_to_total(s, st);
	if (st->st_nlink > 1 && !S_ISDIR(st->st_mode)) first = first_name(s, st);
	snprintf(s->entry.target, sizeof s->entry.target, "%s", first ? first : "");
	s->entry.mode = st->st_mode;
	s->entry.uid = st->st_uid;
	s->entry.gid = st->st_gid;
	s->entry.dev = st->st_rdev;
	s->entry.mtime = st->st_mtim;
	if (take_attrs(s, f, e) < 0) return -1;
	return S_ISLNK(st->st_mode) ? take_link(s, f, e) : 0;
}

/* Ignores attributes that cannot be set (`bare`): they belong to the file system, because all
 * others could be set on the original. */
static int create_copy(struct sharing *s, struct err *e)
{
	bool bare;

	return entry_make(&s->to, &s->entry, &bare, e);
}

/* Copy from `*at` to `end`, or to the end of the file if it is shorter by now. */
static int copy_range(int from, int to, off_t *at, off_t end, struct err *e)
{
	while (*at < end) {
		size_t left = (size_t)(end - *at);
		ssize_t n = sendfile(to, from, at, left < CHUNK ? left : CHUNK);

		if (n < 0) return fail_sys(e, "copy its data");
		if (!n) return *at = end, 0;
		if (check_signal(e) < 0) return -1;
	}
	return 0;
}

/* Only as much as there was at the begin, because the file may grow for ever. Where holes
 * cannot be asked for, all of it is data. */
static int copy_data(int from, int to, off_t size, struct err *e)
{
	off_t at = 0, hole;

	while (at < size && (at = lseek(from, at, SEEK_DATA)) >= 0 && at < size) {
		if ((hole = lseek(from, at, SEEK_HOLE)) < 0 || hole > size) hole = size;
		if (lseek(to, at, SEEK_SET) < 0) return fail_sys(e, "copy its data");
		if (copy_range(from, to, &at, hole, e) < 0) return -1;
	}
	if (at < 0 && errno != ENXIO) return fail_sys(e, "copy its data");
	return ftruncate(to, size) < 0 ? fail_sys(e, "copy its data") : 0;
}

static int share_data(const struct sharing *s, const struct source *f, int to, struct err *e)
{
	if (s->how.flags & REFLINK_COPY) return copy_data(f->fd, to, f->st.st_size, e);
	if (f->st.st_size && ioctl(to, FICLONE, f->fd) < 0)
		return fail_sys(e, "share its blocks");
	return 0;
}

static int share_file(struct sharing *s, const struct source *f, struct err *e)
{
	AUTOCLOSE int fd = entry_open(&s->to, &s->entry, e);
	bool bare;

	if (fd < 0 || share_data(s, f, fd, e) < 0) return -1;
	return entry_finish(&s->to, &s->entry, fd, &bare, e);
}

static int share_entries(struct sharing *s, int dir, struct err *e);

static int share_open(struct sharing *s, struct source *f, int place, struct err *e)
{
	AUTOCLOSE int fd = reopen(place, O_RDONLY);

	f->fd = fd;
	if (fd < 0) return fail_sys(e, "open");
	if (read_source(s, f, e) < 0) return -1;
	if (S_ISREG(f->st.st_mode))
		return s->entry.target[0] ? create_copy(s, e) : share_file(s, f, e);
	return create_copy(s, e) < 0 ? -1 : share_entries(s, fd, e);
}

static int share_name(struct sharing *s, int dir, const char *name, struct err *e)
{
	struct source f = { .fd = -1, .dir = dir, .name = name };
	AUTOCLOSE int place = -1;

	if (check_signal(e) < 0) return -1;
	place = place_in_root(dir, name, O_NOFOLLOW, NULL);
	if (place < 0 && errno == EXDEV)
		return s->how.flags & REFLINK_PAST_MOUNTS ? 0 :
			fail(e, ERR_BUSY, "something is mounted there");
	if (place < 0 || fstat(place, &f.st) < 0) return fail_sys(e, "open");
	if (S_ISSOCK(f.st.st_mode) && s->how.live) return 0;
	if (S_ISREG(f.st.st_mode) || S_ISDIR(f.st.st_mode)) return share_open(s, &f, place, e);
	return read_source(s, &f, e) < 0 || create_copy(s, e) < 0 ? -1 : 0;
}

/* A fault of a name that is gone by now is none of a tree in use. What was copied stays. */
static int share_or_skip(struct sharing *s, int dir, const char *name, struct err *e)
{
	if (share_name(s, dir, name, e) == 0) return 0;
	if (!s->how.live || e->sys != ENOENT ||
	    faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -1;
	*e = (struct err){ 0 };
	return 0;
}

/* Copy the content of `dir`, whose path is the entry's. Recursion is limited: the tree came
 * from an archive, whose paths have a limit. */
static int share_entries(struct sharing *s, int dir, struct err *e)
{
	AUTODIR DIR *d = dir_names(dir);
	size_t at = strlen(s->entry.path), room = sizeof s->entry.path - at;
	struct dirent *entry;

	if (!d) return fail_sys(e, "open");
	while (errno = 0, entry = readdir(d)) {
		const char *name = entry->d_name;

		if (is_dots(name)) continue;
		if ((size_t)snprintf(s->entry.path + at, room, "%s%s", at ? "/" : "",
		                     name) >= room)
			return fail(e, ERR_INPUT, "its path is too long");
		if (share_or_skip(s, dirfd(d), name, e) < 0) return -1;
		s->entry.path[at] = 0;
	}
	return errno ? fail_sys(e, "read") : 0;
}

static int share_top(struct sharing *s, struct err *e)
{
	struct source top = { .fd = s->how.from };
	int to = openat(s->how.to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (to < 0 || fstat(top.fd, &top.st) < 0) return fail_sys(e, "open");
	s->dev = top.st.st_dev;
	rc = path_walk_begin(&s->to, to, NULL, e);
	if (rc == 0)
		rc = read_source(s, &top, e) < 0 || create_copy(s, e) < 0 ||
		     share_entries(s, top.fd, e) < 0 ? -1 : 0;
	if (path_walk_end(&s->to, rc ? NULL : e) < 0) rc = -1;
	return rc;
}

static int share_in_child(void *arg, size_t i)
{
	struct sharing *s = arg;

	(void)i;
	umask(0);
	if (share_top(s, &s->said->e) == 0) return 0;
	return fail_in(&s->said->e, "%s", s->entry.path[0] ? s->entry.path : "the root"), 1;
}

static int share_tree(const struct copying *how, struct reflink_total *total, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct sharing *s = arena_alloc(&m, sizeof *s);
	struct outcome *said = mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE,
	                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0, rc;

	if (said == MAP_FAILED) return fail_sys(e, "mmap");
	s->how = *how;
	s->entry.trusted = how->live;
	s->said = said;
	rc = process_pool_run(1, 1, share_in_child, s, &status, e);
	if (rc == 0 && status) {
		rc = fail(e, said->e.kind ? said->e.kind : ERR_HOST, "copy %s", said->e.text);
		if (e) e->sys = said->e.sys;
	}
	if (total) *total = said->total;
	munmap(said, sizeof *said);
	return rc;
}

int reflink_tree(int from, int to, struct reflink_total *total, struct err *e)
{
	return share_tree(&(struct copying){ .from = from, .to = to }, total, e);
}

int reflink_live_tree(int from, int to, int flags, struct reflink_total *total, struct err *e)
{
	const struct copying how = { .from = from, .to = to, .live = true, .flags = flags };

	return share_tree(&how, total, e);
}

int reflink_new_tree(int from, int dir, const char *name, int flags,
                     struct reflink_total *total, struct err *e)
{
	AUTOCLOSE int to = -1;

	if (mkdirat(dir, name, 0755) < 0) return fail_sys(e, "create %s", name);
	if ((to = tree_open(dir, name)) < 0) return fail_sys(e, "open %s", name);
	return reflink_live_tree(from, to, flags, total, e);
}
