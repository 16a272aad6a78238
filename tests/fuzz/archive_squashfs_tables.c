/* Reads all tables of an image: inodes, lists, links, attributes, fragments. It makes no files,
 * so that it tries many more images in the same time than archive_squashfs does. */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/squashfs_impl.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum { DEPTH = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static unsigned steps;		/* left: images have loops */

static void check_name(const char *name, const char *before)
{
	if (!*name || strlen(name) > NAME_LIMIT || strchr(name, '/')) abort();
	if (!strcmp(name, ".") || !strcmp(name, "..") || strcmp(before, name) >= 0) abort();
}

static void read_contents(struct squashfs *s, struct inode *n, struct err *e)
{
	uint64_t at = n->start, left = n->size;
	uint32_t word;
	uint8_t raw[4];

	if (n->fragment != (uint32_t)NO_FRAGMENT) fragment_read(s, n->fragment, &at, &word, e);
	while (left && steps && cursor_read(s, &n->rest, raw, sizeof raw, e) == 0) {
		if (block_check(s, at, get32(raw), e) == 0) at += block_stored_size(get32(raw));
		left -= left < s->block_size ? left : s->block_size;
		steps--;
	}
}

static void read_inode(struct squashfs *s, struct inode *n, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct attr *attrs;
	size_t attrs_n;
	char link[PATH_MAX];
	bool bare;

	if (n->mode & ~(mode_t)(S_IFMT | 07777) || !n->number || n->number > s->inodes) abort();
	if (xattrs_read(s, &m, n->xattr, &attrs, &attrs_n, &bare, e) == 0)
		for (size_t i = 0; i < attrs_n; i++)
			if (!strchr(attrs[i].name, '.')) abort();
	if (n->kind == KIND_LINK && inode_link(s, n, link, sizeof link, e) == 0 && !*link)
		abort();
	if (n->kind == KIND_FILE) read_contents(s, n, e);
}

static void walk(struct squashfs *s, uint64_t ref, int depth, struct err *e)
{
	struct inode n;
	struct listing l;
	char before[NAME_LIMIT + 1] = "";

	if (!steps || !steps-- || inode_read(s, ref, &n, e) < 0) return;
	read_inode(s, &n, e);
	if (n.kind != KIND_DIR || !depth || listing_begin(s, &n, &l, e) < 0) return;
	while (steps && listing_next(s, &l, e) > 0) {
		check_name(l.name, before);
		strcpy(before, l.name);
		walk(s, l.ref, depth - 1, e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int image = -1;
	AUTOFREE struct arena m = { 0 };
	struct squashfs s = { 0 };
	struct err e = { 0 };

	if (image < 0) image = memfd_create("image", MFD_CLOEXEC);
	if (ftruncate(image, 0) < 0 || pwrite(image, data, n, 0) != (ssize_t)n) abort();
	steps = 500;
	if (squashfs_open(&m, image, &s, &e) == 0) walk(&s, s.root, DEPTH, &e);
	else if (!e.kind) abort();
	squashfs_close(&s);
	return 0;
}
