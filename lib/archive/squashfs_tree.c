/* The tree of an image. A walk through its directories lists what they contain, and a batch of
 * that is made at a time. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/archive/device.h"
#include "lib/archive/squashfs_impl.h"
#include "lib/base/err.h"

enum { BATCH_OTHERS = 16 << 10, BATCH_FILES = 128 << 10, BATCH_LINKS = 16 << 10,
       BATCH_NAMES = 4 << 20, NAMES_MAX = 32 << 20, SEEN = 1, SEEN_LINKED = 2 };

static uint32_t add_name(struct tree *t, struct names *to, const char *name)
{
	size_t n = strlen(name) + 1, from = to->n;

	if (to->n + n > to->room) {
		char *more = arena_alloc(&t->m, to->room = to->room ? 2 * to->room : 64 << 10);

		if (to->n) memcpy(more, to->text, to->n);
		to->text = more;
	}
	memcpy(to->text + from, name, n);
	to->n += n;
	return (uint32_t)from;
}

/* These stay until the end. */
static int keep_name(struct tree *t, const char *name, uint32_t *at, struct err *e)
{
	if (t->names.n > NAMES_MAX)
		return fail(e, ERR_INPUT,
		            "the archive has too many directories and hard links");
	*at = add_name(t, &t->names, name);
	return 0;
}

static int fail_entry(struct tree *t, struct err *e)
{
	const char *path = t->entry.path;

	return fail_in(e, "archive entry %.400s", *path ? path : "/");
}

/* The path grows from its end to its begin. */
int tree_path(struct tree *t, uint32_t folder, const char *name, struct err *e)
{
	char path[PATH_MAX];
	size_t at = sizeof path - 1, n;

	path[at] = 0;
	for (;;) {
		n = strlen(name);
		if (n + 1 > at) return fail(e, ERR_INPUT, "the name is too long");
		memcpy(path + (at -= n), name, n);
		if (folder == 0) break;
		path[--at] = '/';
		name = t->names.text + t->folders[folder].name;
		folder = t->folders[folder].up;
	}
	memcpy(t->entry.path, path + at, sizeof path - at);
	return 0;
}

int tree_entry(struct tree *t, const struct inode *n, bool *bare, struct err *e)
{
	struct entry *x = &t->entry;

	x->target[0] = 0;
	x->link = NULL;
	x->mode = n->mode;
	x->uid = n->uid;
	x->gid = n->gid;
	x->dev = n->dev;
	x->mtime = (struct timespec){ .tv_sec = n->mtime };
	if (t->of_entry.blocks) arena_free(&t->of_entry);
	if (xattrs_read(&t->s, &t->of_entry, n->xattr, &x->attrs, &x->attrs_n, bare, e) < 0)
		return -1;
	for (size_t i = 0; i < x->attrs_n; i++)
		if (entry_keeps(x->attrs[i].name) && quota_take(&t->files, e) < 0) return -1;
	return 0;
}

static bool is_allowed(const struct tree *t, const struct entry *n)
{
	if (!S_ISCHR(n->mode) && !S_ISBLK(n->mode)) return true;
	return !t->max->no_devices && device_is_harmless(n->mode, n->dev);
}

/* Make the entry, whose path is set. Returns 1 if it is skipped. */
static int make_entry(struct tree *t, const struct inode *n, struct err *e)
{
	char link[PATH_MAX];
	bool bare = false;
	int rc = 1;

	if (n->kind == KIND_SOCKET) return 1;
	if (tree_entry(t, n, &bare, e) < 0) return -1;
	if (n->kind == KIND_LINK && inode_link(&t->s, n, link, sizeof link, e) < 0) return -1;
	t->entry.link = link;
	if (is_allowed(t, &t->entry)) rc = entry_make(&t->trail, &t->entry, &bare, e);
	if (rc < 0) return -1;
	t->report->skipped += rc > 0;
	t->report->bare += bare;
	t->report->entries++;
	return rc;
}

/* -- batches -- */

static int by_place(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->fragment != y->fragment) return x->fragment < y->fragment ? -1 : 1;
	if (x->start != y->start) return x->start < y->start ? -1 : 1;
	return x->ref < y->ref ? -1 : x->ref > y->ref;
}

static int make_again(struct tree *t, const struct again *a, struct err *e)
{
	const struct linked *first = &t->links[a->linked];
	bool bare = false;

	if (tree_path(t, first->folder, t->names.text + first->name, e) < 0) return -1;
	memcpy(t->entry.target, t->entry.path, sizeof t->entry.target);
	if (tree_path(t, a->folder, t->batch.names.text + a->name, e) < 0) return -1;
	t->entry.mode = S_IFREG;
	t->report->entries++;
	if (first->skipped) t->report->skipped++;
	else if (entry_make(&t->trail, &t->entry, &bare, e) < 0) return fail_entry(t, e);
	return 0;
}

static int make_other(struct tree *t, const struct other *o, struct err *e)
{
	uint32_t seen = t->seen[o->inode.number];
	int rc;

	if (tree_path(t, o->folder, t->batch.names.text + o->name, e) < 0) return -1;
	if ((rc = make_entry(t, &o->inode, e)) < 0) return fail_entry(t, e);
	if (rc > 0 && seen >= SEEN_LINKED) t->links[seen - SEEN_LINKED].skipped = true;
	return 0;
}

int tree_make_others(struct tree *t, struct err *e)
{
	for (size_t i = 0; i < t->batch.others_n; i++)
		if (make_other(t, &t->batch.others[i], e) < 0) return -1;
	return 0;
}

/* Hard links come last, when the files that they lead to are there. */
static int finish_batch(struct tree *t, struct err *e)
{
	struct batch *b = &t->batch;

	if (b->files_n) qsort(b->files, b->files_n, sizeof *b->files, by_place);
	if (files_write(t, e) < 0) return -1;
	for (size_t i = 0; i < b->links_n; i++)
		if (make_again(t, &b->links[i], e) < 0) return -1;
	b->others_n = b->files_n = b->links_n = b->names.n = 0;
	return 0;
}

static bool is_full(const struct batch *b)
{
	return b->others_n == BATCH_OTHERS || b->files_n == BATCH_FILES ||
	       b->links_n == BATCH_LINKS || b->names.n > BATCH_NAMES;
}

static void list_file(struct tree *t, const struct inode *n, uint64_t ref, uint32_t folder,
                      const char *name)
{
	struct batch *b = &t->batch;

	b->files = arena_grow(&t->m, b->files, b->files_n, &b->files_room, sizeof *b->files);
	b->files[b->files_n++] = (struct file){ .ref = ref, .start = n->start,
		.fragment = n->fragment, .folder = folder,
		.name = add_name(t, &b->names, name) };
}

static void list_other(struct tree *t, const struct inode *n, uint32_t folder, const char *name)
{
	struct batch *b = &t->batch;

	b->others = arena_grow(&t->m, b->others, b->others_n, &b->others_room,
	                       sizeof *b->others);
	b->others[b->others_n++] = (struct other){ *n, folder, add_name(t, &b->names, name) };
}

/* -- the walk -- */

static int add_folder(struct tree *t, uint32_t up, const char *name, uint32_t *folder,
                      struct err *e)
{
	struct folder f = { .up = up };

	if (keep_name(t, name, &f.name, e) < 0) return -1;
	t->folders = arena_grow(&t->m, t->folders, t->folders_n, &t->folders_room, sizeof f);
	*folder = (uint32_t)t->folders_n;
	t->folders[t->folders_n++] = f;
	return 0;
}

/* Remember a new inode, and its name if it has others. */
static int see(struct tree *t, const struct inode *n, const struct listing *l, uint32_t folder,
               struct err *e)
{
	struct linked k = { .ref = l->ref, .folder = folder };

	t->seen[n->number] = SEEN;
	if (n->kind == KIND_DIR || n->links < 2) return 0;
	if (keep_name(t, l->name, &k.name, e) < 0) return -1;
	t->links = arena_grow(&t->m, t->links, t->links_n, &t->links_room, sizeof k);
	t->seen[n->number] = (uint32_t)(SEEN_LINKED + t->links_n);
	t->links[t->links_n++] = k;
	return 0;
}

static int see_again(struct tree *t, const struct inode *n, const struct listing *l,
                     uint32_t folder, struct err *e)
{
	struct batch *b = &t->batch;
	uint32_t seen = t->seen[n->number];

	if (n->kind == KIND_DIR)
		return fail(e, ERR_UNTRUSTED, "it is a directory that has another name");
	if (seen < SEEN_LINKED || t->links[seen - SEEN_LINKED].ref != l->ref)
		return squashfs_fail(e, "an inode has more names than it says");
	b->links = arena_grow(&t->m, b->links, b->links_n, &b->links_room, sizeof *b->links);
	b->links[b->links_n++] = (struct again){ seen - SEEN_LINKED, folder,
						 add_name(t, &b->names, l->name) };
	return 0;
}

/* Deal with the entry that the listing is at. Returns 1 if it is a new directory. */
static int visit(struct tree *t, const struct listing *l, uint32_t folder, struct inode *n,
                 struct err *e)
{
	if (tree_path(t, folder, l->name, e) < 0) return -1;
	if (quota_take(&t->files, e) < 0 || inode_read(&t->s, l->ref, n, e) < 0) return -1;
	if (n->kind != l->kind || n->number != l->inode)
		return squashfs_fail(e, "a directory and an inode in it disagree");
	if (t->seen[n->number]) return see_again(t, n, l, folder, e);
	if (see(t, n, l, folder, e) < 0) return -1;
	if (n->kind == KIND_FILE) list_file(t, n, l->ref, folder, l->name);
	else list_other(t, n, folder, l->name);
	return n->kind == KIND_DIR;
}

/* A directory that is open in the walk. */
struct level {
	struct listing list;
	uint32_t folder;
};

static int descend(struct tree *t, struct level *up, const char *name, const struct inode *n,
                   struct err *e)
{
	struct level *l = up + 1;

	if (add_folder(t, up->folder, name, &l->folder, e) < 0) return -1;
	return listing_begin(&t->s, n, &l->list, e);
}

static int walk(struct tree *t, struct level *levels, struct err *e)
{
	struct inode n;
	int depth = 0;

	while (depth >= 0) {
		struct level *l = &levels[depth];
		int rc = listing_next(&t->s, &l->list, e);

		if (rc < 0) {
			tree_path(t, t->folders[l->folder].up,
			          t->names.text + t->folders[l->folder].name, NULL);
			return fail_entry(t, e);
		}
		if (rc == 0) {
			depth--;
			continue;
		}
		if ((rc = visit(t, &l->list, l->folder, &n, e)) < 0) return fail_entry(t, e);
		if (rc == 1 && depth + 1 == PATH_WALK_MAX)
			return fail(e, ERR_INPUT, "more than %d directories deep", depth);
		if (rc == 1 && descend(t, l, l->list.name, &n, e) < 0) return fail_entry(t, e);
		depth += rc == 1;
		if (is_full(&t->batch) && finish_batch(t, e) < 0) return -1;
	}
	return finish_batch(t, e);
}

static int make_root(struct tree *t, struct level *level, struct err *e)
{
	struct inode n;

	if (quota_take(&t->files, e) < 0 || add_folder(t, 0, "", &level->folder, e) < 0 ||
	    inode_read(&t->s, t->s.root, &n, e) < 0)
		return -1;
	if (n.kind != KIND_DIR)
		return fail(e, ERR_UNTRUSTED, "the root would not be a directory");
	t->seen[n.number] = SEEN;
	list_other(t, &n, 0, "");
	return listing_begin(&t->s, &n, &level->list, e);
}

static int make_tree(struct tree *t, struct err *e)
{
	struct level *levels = arena_array(&t->m, PATH_WALK_MAX, sizeof *levels);

	/* The table of inodes has an entry for each. */
	if (t->s.inodes > t->files.left) {
		t->files.left = 0;
		return quota_take(&t->files, e);
	}
	t->seen = arena_array(&t->m, (size_t)t->s.inodes + 1, sizeof *t->seen);
	if (make_root(t, levels, e) < 0) return fail_entry(t, e);
	return walk(t, levels, e);
}

int squashfs_extract(int image, int root, const struct unpack_limits *limits,
                     struct looking *looking, struct unpack_report *r, struct err *e)
{
	struct arena m = { 0 };
	struct tree *t = arena_alloc(&m, sizeof *t);
	int rc;

	t->report = r;
	t->max = limits;
	t->bytes = (struct quota){ limits->bytes, limits->bytes, limits->fixed };
	t->files = (struct quota){ limits->entries, limits->entries, limits->fixed };
	rc = path_walk_begin(&t->trail, root, &t->files, e);
	t->trail.looking = looking;
	if (rc == 0 && (rc = squashfs_open(&t->m, image, &t->s, e)) == 0) rc = make_tree(t, e);
	pool_close(t->pool);
	squashfs_close(&t->s);
	if (path_walk_end(&t->trail, rc ? NULL : e) < 0) rc = -1;
	arena_free(&t->of_entry);
	arena_free(&t->m);
	arena_free(&m);
	return rc;
}
