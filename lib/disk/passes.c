#include "lib/disk/passes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/pack.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/tree.h"

#define FOLDER ".passes"
#define FROM "from"
#define WHOLE "whole"
#define SWAP "swap"		/* its number, and the inode of its root file system */
#define LIST ".list"
#define STANDING ".rootfs.list"
#define NEXT ".rootfs.list.new"

/* Each time the whole file system is synced. */
enum { NOTE_MS = 5000, FROM_MAX = 200, NUMBER_MAX = 1000000, LIST_ROOM = 1 << 20,
       CONFIG_MAX = 1 << 20 };

static const char *list_name(struct arena *m, unsigned number)
{
	return arena_printf(m, "%u" LIST, number);
}

static const char *tree_name(struct arena *m, unsigned number)
{
	return arena_printf(m, "%u", number);
}

/* -- what there is -- */

/* 0: it is the name of no pass, and of no list of one. */
static unsigned pass_number(const char *text)
{
	size_t n = strspn(text, "0123456789");
	unsigned long v = n && n < 8 && *text != '0' ? strtoul(text, NULL, 10) : 0;

	return v <= NUMBER_MAX && (!text[n] || str_eq(text + n, LIST)) ? (unsigned)v : 0;
}

static void read_records(struct passes *p, int dir, const char *name, struct have *h)
{
	AUTOCLOSE int list = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t n;
	char *text = list < 0 ? NULL :
		     read_all(p->m, list, HAVE_MAX * sizeof(struct have_record), &n, NULL);

	*h = (struct have){ .m = p->m };
	if (text) have_add(h, text, n);
	have_sort(h);
}

/* Without a list that has something, it is of no use. */
static bool open_pass(struct passes *p, unsigned number, struct pass *out)
{
	AUTOCLOSE int tree = tree_open(p->dir, tree_name(p->m, number));

	if (tree < 0) return false;
	out->number = number;
	read_records(p, p->dir, list_name(p->m, number), &out->have);
	if (!out->have.n && number != p->whole) return false;
	out->tree = take_fd(&tree);
	return true;
}

/* Paths in its list are as in any other one. */
static void open_standing(struct passes *p)
{
	struct pass *s = &p->v[p->n];

	s->number = 0;
	read_records(p, p->work, STANDING, &s->have);
	if (s->have.n && (s->tree = tree_open(p->work, ".")) >= 0) p->n++;
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

static size_t drop_doubles(unsigned *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!kept || v[i] != v[kept - 1]) v[kept++] = v[i];
	return kept;
}

/* The newest first. */
static unsigned *list_numbers(struct passes *p, size_t *n, struct err *e)
{
	AUTODIR DIR *d = dir_names(p->dir);
	unsigned *v = NULL;
	struct dirent *entry;
	size_t room = 0;

	*n = 0;
	if (!d) return fail_sys(e, "open " FOLDER), NULL;
	v = arena_grow(p->m, v, 0, &room, sizeof *v);
	while ((entry = readdir(d))) {
		v = arena_grow(p->m, v, *n, &room, sizeof *v);
		if ((v[*n] = pass_number(entry->d_name))) ++*n;
	}
	qsort(v, *n, sizeof *v, by_number);
	*n = drop_doubles(v, *n);
	return v;
}

static unsigned read_whole(struct passes *p)
{
	const char *text = read_file(p->m, p->dir, WHOLE, FROM_MAX, NULL, NULL);

	return text ? pass_number(text) : 0;
}

int passes_open(struct arena *m, int work, bool standing, struct passes *p, struct err *e)
{
	unsigned *numbers;
	size_t n;

	*p = (struct passes)NO_PASSES;
	p->m = m;
	p->work = work;
	if (standing) open_standing(p);
	if ((p->dir = tree_open(work, FOLDER)) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, "open " FOLDER);
	p->whole = read_whole(p);
	if (!(numbers = list_numbers(p, &n, e))) return -1;
	for (size_t i = 0; i < n && p->n < PASSES_MAX; i++)
		if (open_pass(p, numbers[i], &p->v[p->n])) p->n++;
	p->number = n ? numbers[0] + 1 : 1;
	return 0;
}

bool passes_are_from(const struct passes *p, const char *from)
{
	const char *text = p->dir < 0 ? NULL :
			   read_file(p->m, p->dir, FROM, FROM_MAX, NULL, NULL);

	return text && str_eq(text, from);
}

/* -- links -- */

static int open_above(int tree, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";

	if (slash) snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	*name = slash ? slash + 1 : path;
	return open_by_rules(tree, folder, O_PATH | O_DIRECTORY, 0,
	                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
	                     RESOLVE_NO_XDEV);
}

/* linkat follows no link, and nobody else changes these trees. */
static int link_one(int from, int to, const char *path)
{
	const char *name;
	AUTOCLOSE int here = open_above(from, path, &name), there = open_above(to, path, &name);
	struct stat st;

	if (here < 0 || there < 0 || fstatat(here, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return -1;
	return linkat(here, name, there, name, 0);
}

static int link_known(void *arg, const char *path, const unsigned char sum[HAVE_HASH])
{
	struct passes *p = arg;
	bool found = false;

	for (size_t i = 0; i < p->n; i++) {
		if (!have_has(&p->v[i].have, path, sum)) continue;
		found = true;
		if (link_one(p->v[i].tree, p->tree, path) == 0) return 0;
	}
	p->stale |= found;
	return -1;
}

/* -- a new pass -- */

static int open_passes(struct passes *p, const char *from, struct err *e)
{
	if (p->dir >= 0) return 0;
	if (mkdirat(p->work, FOLDER, 0700) < 0) return fail_sys(e, "create " FOLDER);
	if ((p->dir = tree_open(p->work, FOLDER)) < 0) return fail_sys(e, "open " FOLDER);
	return replace_file(p->dir, FROM, from, strlen(from), 0600, e);
}

static bool is_kept(const struct passes *p, unsigned number)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].number == number) return true;
	return false;
}

/* The list goes first: without it nobody links what is left of the tree. */
static int delete_pass(const struct passes *p, unsigned number, struct err *e)
{
	if (unlinkat(p->dir, list_name(p->m, number), 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove " FOLDER "/%s", list_name(p->m, number));
	return tree_remove(p->dir, tree_name(p->m, number), e);
}

static int delete_useless(struct passes *p, struct err *e)
{
	unsigned *numbers;
	size_t n;

	if (!(numbers = list_numbers(p, &n, e))) return -1;
	for (size_t i = 0; i < n; i++)
		if (!is_kept(p, numbers[i]) && delete_pass(p, numbers[i], e) < 0) return -1;
	return 0;
}

int passes_begin(struct passes *p, const char *from, struct err *e)
{
	const char *name = tree_name(p->m, p->number ? p->number : (p->number = 1));

	if (open_passes(p, from, e) < 0 || delete_useless(p, e) < 0) return -1;
	if (unlinkat(p->dir, WHOLE, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove " WHOLE);
	if (mkdirat(p->dir, name, 0700) < 0) return fail_sys(e, "create " FOLDER "/%s", name);
	if ((p->tree = tree_open(p->dir, name)) < 0)
		return fail_sys(e, "open " FOLDER "/%s", name);
	p->list = openat(p->dir, list_name(p->m, p->number),
	                 O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (p->list < 0) return fail_sys(e, "create " FOLDER "/%s" LIST, name);
	/* So that a full disk does not make all of it useless. */
	fallocate(p->list, FALLOC_FL_KEEP_SIZE, 0, LIST_ROOM);
	if (!(p->known.notes = have_notes_new(e))) return -1;
	p->known.link = link_known;
	p->known.arg = p;
	p->due = deadline_in(NOTE_MS);
	return 0;
}

/* After a fault nothing more is listed: half a record would shift those behind it. */
int passes_note(struct passes *p, bool now, struct err *e)
{
	size_t n;

	if (p->list < 0 || (!now && deadline_left(p->due))) return 0;
	if ((n = have_notes_n(p->known.notes)) > p->listed) {
		const struct have_record *v = p->known.notes->v;

		if (syncfs(p->tree) < 0) return fail_sys(e, "write what has come to the disk");
		if (write_all(p->list, v + p->listed, (n - p->listed) * sizeof *v, e) < 0) {
			close(take_fd(&p->list));
			return -1;
		}
		p->listed = n;
	}
	p->due = deadline_in(NOTE_MS);
	return 0;
}

/* Root reads and runs what the config says: it must not be a link to something else, nor have a
 * second name in the root file system. */
static int own_config(struct arena *m, int tree, struct err *e)
{
	AUTOCLOSE int fd = -1;
	struct stat st;
	size_t n;
	char *text;

	if (fstatat(tree, PACK_CONFIG, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return fail(e, ERR_UNTRUSTED, "what was received has no file " PACK_CONFIG);
	fd = openat(tree, PACK_CONFIG, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) return fail_sys(e, "open " PACK_CONFIG);
	if (!(text = read_all(m, fd, CONFIG_MAX, &n, e)))
		return fail_in(e, PACK_CONFIG);
	return replace_file(tree, PACK_CONFIG, text, n, 0600, e);
}

int passes_end(struct passes *p, struct err *e)
{
	const char *number = tree_name(p->m, p->number);

	if (own_config(p->m, p->tree, e) < 0) return -1;
	if (passes_note(p, true, e) < 0 || tree_sync(p->tree, e) < 0) return -1;
	return replace_file(p->dir, WHOLE, number, strlen(number), 0600, e);
}

/* -- its place -- */

int passes_open_whole(const struct passes *p, struct err *e)
{
	int tree = p->whole ? tree_open(p->dir, tree_name(p->m, p->whole)) : -1;

	return tree < 0 ? fail(e, ERR_INPUT, "it was not received to its end") : tree;
}

static int lift_one(int from, const char *name, int to, struct err *e)
{
	if (renameat(from, name, to, name) == 0) return 0;
	if (errno == ENOENT && faccessat(to, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return 0;
	return fail_sys(e, "what was received has no %s", name);
}

int passes_lift(const struct passes *p, struct err *e)
{
	AUTOCLOSE int tree = passes_open_whole(p, e);

	if (tree < 0) return -1;
	if (lift_one(tree, PACK_ROOT, p->work, e) < 0) return -1;
	return lift_one(tree, PACK_CONFIG, p->work, e);
}

static int sync_names(int dir, struct err *e)
{
	return fsync(dir) < 0 ? fail_sys(e, "fsync") : 0;
}

/* It is of the tree of the pass no more, before that is another one. */
static int take_list(const struct passes *p, struct err *e)
{
	const char *list = list_name(p->m, p->whole);

	if (renameat(p->dir, list, p->work, NEXT) < 0 && errno != ENOENT)
		return fail_sys(e, "rename " FOLDER "/%s", list);
	return sync_names(p->dir, e);
}

static int place_list(int work, struct err *e)
{
	if (renameat(work, NEXT, work, STANDING) < 0 && errno != ENOENT)
		return fail_sys(e, "rename " NEXT);
	return sync_names(work, e);
}

int passes_keep_list(const struct passes *p, struct err *e)
{
	return take_list(p, e) < 0 ? -1 : place_list(p->work, e);
}

void passes_forget_list(int work)
{
	unlinkat(work, STANDING, 0);
	fsync(work);
}

/* Each step may have been done before. */
static int finish_exchange(int work, int tree, uint64_t ino, struct err *e)
{
	if (!name_has_inode(work, PACK_ROOT, ino)) {
		passes_forget_list(work);
		if (rename_swap(work, tree, PACK_ROOT, e) < 0) return -1;
	}
	if (renameat(tree, PACK_CONFIG, work, PACK_CONFIG) < 0 && errno != ENOENT)
		return fail_sys(e, "rename " PACK_CONFIG);
	return sync_names(work, e) < 0 ? -1 : place_list(work, e);
}

int passes_settle(int work, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCLOSE int dir = tree_open(work, FOLDER), tree = -1;
	const char *text;
	unsigned number;
	uint64_t ino;

	if (dir < 0) return errno == ENOENT ? 0 : fail_sys(e, "open " FOLDER);
	text = read_file(&m, dir, SWAP, FROM_MAX, NULL, NULL);
	if (!text || sscanf(text, "%u %" SCNu64, &number, &ino) != 2) return 0;
	if ((tree = tree_open(dir, tree_name(&m, number))) < 0)
		return fail_sys(e, "open " FOLDER "/%u", number);
	if (finish_exchange(work, tree, ino, e) < 0) return -1;
	if (unlinkat(dir, SWAP, 0) < 0) return fail_sys(e, "remove " SWAP);
	return sync_names(dir, e);
}

static int begin_exchange(const struct passes *p, int tree, struct err *e)
{
	const char *text;
	struct stat st;

	if (fstatat(tree, PACK_ROOT, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "what was received has no " PACK_ROOT);
	text = arena_printf(p->m, "%u %" PRIu64, p->whole, (uint64_t)st.st_ino);
	return replace_file(p->dir, SWAP, text, strlen(text), 0600, e);
}

int passes_exchange(const struct passes *p, struct err *e)
{
	AUTOCLOSE int tree = passes_open_whole(p, e);

	if (tree < 0 || take_list(p, e) < 0 || begin_exchange(p, tree, e) < 0) return -1;
	if (unlinkat(p->dir, WHOLE, 0) < 0 || sync_names(p->dir, e) < 0)
		return fail_sys(e, "remove " WHOLE);
	return passes_settle(p->work, e);
}

bool passes_are_there(int work)
{
	return faccessat(work, FOLDER, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int passes_delete(int work, struct err *e)
{
	unlinkat(work, NEXT, 0);
	return tree_remove(work, FOLDER, e);
}

void passes_close(struct passes *p)
{
	for (size_t i = 0; i < p->n; i++)
		close(p->v[i].tree);
	if (p->tree >= 0) close(p->tree);
	if (p->list >= 0) close(p->list);
	if (p->dir >= 0) close(p->dir);
	have_notes_free(p->known.notes);
	*p = (struct passes)NO_PASSES;
}
