/* The contents of files, in two halves that take turns in one thread. The first splits files
 * into pieces, and asks for the blocks that they are in; the second takes the pieces in the
 * same order, waits for their blocks, and writes. Between them is a ring, so that threads
 * decode many blocks ahead. */

#include <string.h>
#include <unistd.h>

#include "lib/archive/squashfs_impl.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum { RING = 512, WORD = 4 };

/* A piece of a file: a block of it, its tail in a fragment block, or a hole. */
struct piece {
	const struct file *file;
	struct inode inode;		/* of the first piece of a file */
	struct block *block;		/* NULL: a hole, or an empty file */
	uint32_t from, n;		/* bytes in the block */
	bool first, last, whole;	/* whole: the block has no other bytes */
};

struct writer {
	struct tree *t;

	/* the first half */
	size_t next;			/* of the files of the batch */
	bool inside;			/* its inode is read, and there are pieces of it */
	bool begins;
	struct inode inode;
	uint64_t at, left;		/* its next block; its bytes still to be split */
	struct block *fragment;		/* the last one */
	uint32_t fragment_number;

	struct piece ring[RING];
	size_t made, taken;

	/* the second half */
	int fd;
	uint64_t size, place, end;	/* of the file; of the next piece; of what is written */
	bool bare;
};

/* Find the fragment block of the file's tail. The functions of this half return 1, 0 if there
 * is no room now, -1 on a fault. */
static int find_fragment(struct writer *w, struct err *e)
{
	uint32_t word, i = w->inode.fragment;
	struct block *b;
	uint64_t at;

	if (w->fragment && w->fragment_number == i) return 1;
	if (fragment_read(&w->t->s, i, &at, &word, e) < 0) return -1;
	if (!(b = pool_ask(w->t->pool, at, word, w->t->s.block_size))) return 0;
	if (w->fragment) w->fragment->users--;
	w->fragment = b;
	w->fragment_number = i;
	return 1;
}

static int split_tail(struct writer *w, struct piece *p, struct err *e)
{
	int rc = 0;

	if (w->inode.offset > w->t->s.block_size ||
	    w->left > w->t->s.block_size - w->inode.offset)
		return squashfs_fail(e, "the place of a file in a fragment is wrong");
	if ((rc = find_fragment(w, e)) <= 0) return rc;
	p->block = w->fragment;
	p->block->users++;
	p->from = w->inode.offset;
	p->n = (uint32_t)w->left;
	return 1;
}

/* Words are read again if there is no room for their block. */
static int split_block(struct writer *w, struct piece *p, struct err *e)
{
	struct cursor c = w->inode.rest;
	uint8_t raw[WORD];
	uint32_t word, size = w->t->s.block_size;

	if (cursor_read(&w->t->s, &c, raw, sizeof raw, e) < 0) return -1;
	word = get32(raw);
	p->n = w->left < size ? (uint32_t)w->left : size;
	p->whole = true;
	if (word && block_check(&w->t->s, w->at, word, e) < 0) return -1;
	if (word && !(p->block = pool_ask(w->t->pool, w->at, word, p->n))) return 0;
	w->inode.rest = c;
	w->at += block_stored_size(word);
	return quota_take_bytes(&w->t->bytes, WORD, e) < 0 ? -1 : 1;
}

static int begin_file(struct writer *w, struct err *e)
{
	const struct file *f = &w->t->batch.files[w->next];

	if (inode_read(&w->t->s, f->ref, &w->inode, e) < 0) return -1;
	w->inside = w->begins = true;
	w->at = w->inode.start;
	w->left = w->inode.size;
	return 0;
}

/* Put one more piece into the ring. */
static int split(struct writer *w, struct err *e)
{
	struct piece *p = &w->ring[w->made % RING];
	int rc = 1;

	if (w->next == w->t->batch.files_n || w->made - w->taken == RING) return 0;
	if (!w->inside && begin_file(w, e) < 0) return -1;
	*p = (struct piece){ .file = &w->t->batch.files[w->next], .first = w->begins };
	if (p->first) p->inode = w->inode;
	if (w->left && w->left < w->t->s.block_size &&
	    w->inode.fragment != (uint32_t)NO_FRAGMENT)
		rc = split_tail(w, p, e);
	else if (w->left)
		rc = split_block(w, p, e);
	if (rc <= 0) return rc;
	if (p->block && quota_take_bytes(&w->t->bytes, p->n, e) < 0) return -1;
	w->left -= p->n;
	w->begins = false;
	p->last = !w->left;
	if (p->last) w->next++, w->inside = false;
	w->made++;
	return 1;
}

static int open_file_of(struct writer *w, const struct piece *p, struct err *e)
{
	w->bare = false;
	w->size = p->inode.size;
	w->place = w->end = 0;
	if (tree_entry(w->t, &p->inode, &w->bare, e) < 0) return -1;
	w->fd = entry_open(&w->t->trail, &w->t->entry, e);
	return w->fd < 0 ? -1 : 0;
}

static int write_piece(struct writer *w, const struct piece *p, struct err *e)
{
	const struct block *b = p->block;

	if (p->whole ? b->n != p->n : p->from > b->n || p->n > b->n - p->from)
		return squashfs_fail(e, "a block has another size than its file says");
	if (w->place > w->end && quota_take_bytes(&w->t->bytes, DISK_BLOCK, e) < 0) return -1;
	if (entry_write(&w->t->trail, w->fd, b->data + p->from, p->n, (off_t)w->place, e) < 0)
		return -1;
	w->end = w->place + p->n;
	w->t->report->bytes += p->n;
	return 0;
}

static int close_file(struct writer *w, struct err *e)
{
	AUTOCLOSE int fd = take_fd(&w->fd);

	if (w->end < w->size && entry_extend(&w->t->trail, fd, (off_t)w->size, e) < 0)
		return -1;
	if (entry_finish(&w->t->trail, &w->t->entry, fd, &w->bare, e) < 0) return -1;
	w->t->report->entries++;
	w->t->report->bare += w->bare;
	return 0;
}

/* Take the oldest piece from the ring. */
static int take(struct writer *w, struct err *e)
{
	struct piece *p = &w->ring[w->taken++ % RING];

	if (p->first && open_file_of(w, p, e) < 0) return -1;
	if (p->block) {
		if (pool_wait(w->t->pool, p->block, e) < 0 || write_piece(w, p, e) < 0)
			return -1;
		p->block->users--;
	}
	w->place += p->n;
	return p->last ? close_file(w, e) : 0;
}

static const char *name_of(const struct tree *t, const struct file *f)
{
	return t->batch.names.text + f->name;
}

static int fail_file(struct tree *t, const struct file *f, struct err *e)
{
	struct err why = *e;

	if (tree_path(t, f->folder, name_of(t, f), e) == 0) *e = why;
	return fail_in(e, "archive entry %.400s", t->entry.path);
}

static int fill_ring(struct writer *w, struct err *e)
{
	int rc;

	while ((rc = split(w, e)) > 0)
		;
	return rc < 0 ? fail_file(w->t, &w->t->batch.files[w->next], e) : 0;
}

static int write_all_files(struct writer *w, struct err *e)
{
	struct tree *t = w->t;
	const struct piece *p;

	while (w->made != w->taken) {
		p = &w->ring[w->taken % RING];
		if (p->first && tree_path(t, p->file->folder, name_of(t, p->file), e) < 0)
			return -1;
		if (take(w, e) < 0) return fail_file(t, p->file, e);
		if (fill_ring(w, e) < 0) return -1;
	}
	return 0;
}

int files_write(struct tree *t, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct writer *w = arena_alloc(&m, sizeof *w);
	int rc;

	if (!t->batch.files_n) return tree_make_others(t, e);
	if (!t->pool && !(t->pool = pool_open(&t->m, &t->s, e))) return -1;
	w->t = t;
	w->fd = -1;
	rc = fill_ring(w, e) < 0 || tree_make_others(t, e) < 0 ? -1 : write_all_files(w, e);
	if (w->fragment) w->fragment->users--;
	if (w->fd >= 0) close(w->fd);
	return rc;
}
