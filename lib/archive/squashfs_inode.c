/* Inodes and directories. An inode says what a file is; the type in its directory entry must
 * agree. */

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/archive/squashfs_impl.h"
#include "lib/base/err.h"

enum { EXTENDED = 7, KINDS = 7, COMMON_SIZE = 16, LIST_EXTRA = 3, HEADER_MAX = 256 };

static const mode_t modes[KINDS + 1] = {
	[KIND_DIR] = S_IFDIR, [KIND_FILE] = S_IFREG, [KIND_LINK] = S_IFLNK,
	[KIND_BLOCK] = S_IFBLK, [KIND_CHAR] = S_IFCHR, [KIND_FIFO] = S_IFIFO,
	[KIND_SOCKET] = S_IFSOCK,
};

static int read_id(const struct squashfs *s, uint32_t i, uint32_t *id, struct err *e)
{
	if (i >= s->ids_n) return squashfs_fail(e, "the number of an owner is wrong");
	*id = s->ids[i];
	/* For chown, -1 means "do not change". */
	return *id == UINT32_MAX
	       ? fail(e, ERR_INPUT, "the number of its owner or group is out of range") : 0;
}

static int read_dir(struct squashfs *s, struct cursor *c, bool more, struct inode *n,
                    struct err *e)
{
	uint8_t raw[24];

	if (cursor_read(s, c, raw, more ? 24 : 16, e) < 0) return -1;
	n->links = 1;
	n->size = more ? get32(raw + 4) : get16(raw + 8);
	n->start = get32(raw + (more ? 8 : 0));
	n->offset = get16(raw + (more ? 18 : 10));
	if (more) n->xattr = get32(raw + 20);
	return 0;
}

static int read_file_inode(struct squashfs *s, struct cursor *c, bool more, struct inode *n,
                           struct err *e)
{
	uint8_t raw[40];

	if (cursor_read(s, c, raw, more ? 40 : 16, e) < 0) return -1;
	if (more) {
		n->start = get64(raw);
		n->size = get64(raw + 8);
		n->links = get32(raw + 24);
		n->fragment = get32(raw + 28);
		n->offset = get32(raw + 32);
		n->xattr = get32(raw + 36);
	} else {
		n->start = get32(raw);
		n->fragment = get32(raw + 4);
		n->offset = get32(raw + 8);
		n->size = get32(raw + 12);
	}
	if (n->size > INT64_MAX) return squashfs_fail(e, "the size of a file is wrong");
	return 0;
}

/* Behind the target comes the number of the attributes. */
static int read_link(struct squashfs *s, struct cursor *c, bool more, struct inode *n,
                     struct err *e)
{
	uint8_t raw[META_SIZE];
	struct cursor behind;

	if (cursor_read(s, c, raw, 8, e) < 0) return -1;
	n->links = get32(raw);
	n->size = get32(raw + 4);
	if (n->size == 0) return fail(e, ERR_INPUT, "it is a link without a target");
	if (n->size >= 4096) return fail(e, ERR_INPUT, "its target is too long");
	if (!more) return 0;
	behind = *c;
	if (cursor_read(s, &behind, raw, n->size + 4, e) < 0) return -1;
	n->xattr = get32(raw + n->size);
	return 0;
}

static int read_node(struct squashfs *s, struct cursor *c, bool more, struct inode *n,
                     struct err *e)
{
	bool device = n->kind == KIND_BLOCK || n->kind == KIND_CHAR;
	size_t size = device ? 8 : 4;
	uint8_t raw[12];
	uint32_t dev;

	if (cursor_read(s, c, raw, more ? size + 4 : size, e) < 0) return -1;
	n->links = get32(raw);
	dev = device ? get32(raw + 4) : 0;
	n->dev = makedev(dev >> 8 & 0xfff, (dev & 0xff) | (dev >> 12 & 0xfff00));
	if (more) n->xattr = get32(raw + size);
	return 0;
}

static int read_kind(struct squashfs *s, struct cursor *c, bool more, struct inode *n,
                     struct err *e)
{
	switch (n->kind) {
	case KIND_DIR: return read_dir(s, c, more, n, e);
	case KIND_FILE: return read_file_inode(s, c, more, n, e);
	case KIND_LINK: return read_link(s, c, more, n, e);
	default: return read_node(s, c, more, n, e);
	}
}

int inode_read(struct squashfs *s, uint64_t ref, struct inode *n, struct err *e)
{
	uint8_t raw[COMMON_SIZE];
	struct cursor c;
	unsigned type;
	bool more;

	*n = (struct inode){ .xattr = NO_XATTR, .fragment = (uint32_t)NO_FRAGMENT };
	if (cursor_refer(s, &c, s->inode_table, ref, e) < 0) return -1;
	if (c.block >= s->directory_table)
		return squashfs_fail(e, "the place of an inode is wrong");
	if (cursor_read(s, &c, raw, sizeof raw, e) < 0) return -1;
	type = get16(raw);
	more = type > EXTENDED;
	if (type == 0 || type > 2 * EXTENDED)
		return fail(e, ERR_INPUT, "it is of an unknown kind");
	n->kind = more ? type - EXTENDED : type;
	if (get16(raw + 2) & ~07777u) return squashfs_fail(e, "the mode of a file is wrong");
	n->mode = modes[n->kind] | get16(raw + 2);
	if (read_id(s, get16(raw + 4), &n->uid, e) < 0 ||
	    read_id(s, get16(raw + 6), &n->gid, e) < 0)
		return -1;
	n->mtime = get32(raw + 8);
	n->number = get32(raw + 12);
	if (n->number == 0 || n->number > s->inodes)
		return squashfs_fail(e, "the number of an inode is wrong");
	if (read_kind(s, &c, more, n, e) < 0) return -1;
	n->rest = c;
	return 0;
}

int inode_link(struct squashfs *s, const struct inode *n, char *to, size_t room, struct err *e)
{
	struct cursor c = n->rest;

	if (n->size >= room) return fail(e, ERR_INPUT, "its target is too long");
	if (cursor_read(s, &c, to, n->size, e) < 0) return -1;
	to[n->size] = 0;
	return strlen(to) == n->size ? 0 : squashfs_fail(e, "the target of a link is wrong");
}

/* The size of a list counts "." and "..", which it does not contain, as three bytes. */
int listing_begin(struct squashfs *s, const struct inode *dir, struct listing *l,
                  struct err *e)
{
	*l = (struct listing){ .left = dir->size > LIST_EXTRA ? dir->size - LIST_EXTRA : 0 };
	if (!l->left) return 0;
	return cursor_refer(s, &l->at, s->directory_table, dir->start << 16 | dir->offset, e);
}

static int read_list(struct squashfs *s, struct listing *l, void *to, size_t n, struct err *e)
{
	if (n > l->left) return squashfs_fail(e, "the list of a directory ends too early");
	l->left -= n;
	return cursor_read(s, &l->at, to, n, e);
}

static int check_name(const char *name, size_t n, const char *before, struct err *e)
{
	if (n > NAME_LIMIT) return fail(e, ERR_INPUT, "a name in it is too long");
	if (memchr(name, 0, n)) return squashfs_fail(e, "a name in it has a NUL");
	if (memchr(name, '/', n))
		return fail(e, ERR_UNTRUSTED, "the name %.100s in it has a slash", name);
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return fail(e, ERR_UNTRUSTED, "the name %s in it could lead outside", name);
	if (*before && strcmp(before, name) >= 0)
		return fail(e, ERR_INPUT, "its name %.100s is there twice or out of order",
		            name);
	return 0;
}

static int read_header(struct squashfs *s, struct listing *l, struct err *e)
{
	uint8_t raw[12];

	if (read_list(s, l, raw, sizeof raw, e) < 0) return -1;
	l->entries = get32(raw);
	if (l->entries >= HEADER_MAX)
		return squashfs_fail(e, "the list of a directory is wrong");
	l->entries++;
	l->block = get32(raw + 4);
	l->number = get32(raw + 8);
	return 0;
}

int listing_next(struct squashfs *s, struct listing *l, struct err *e)
{
	char name[HEADER_MAX + 1];
	uint8_t raw[8];
	size_t n;

	if (!l->entries && !l->left) return 0;
	if (!l->entries && read_header(s, l, e) < 0) return -1;
	if (read_list(s, l, raw, sizeof raw, e) < 0) return -1;
	l->entries--;
	l->ref = (uint64_t)l->block << 16 | get16(raw);
	l->inode = l->number + (uint32_t)(int16_t)get16(raw + 2);
	l->kind = get16(raw + 4);
	if (get16(raw + 4) == 0 || get16(raw + 4) > KINDS)
		return squashfs_fail(e, "the kind of a directory entry is wrong");
	n = get16(raw + 6) + (size_t)1;
	if (n > NAME_LIMIT) return fail(e, ERR_INPUT, "a name in it is too long");
	if (read_list(s, l, name, n, e) < 0) return -1;
	name[n] = 0;
	if (check_name(name, n, l->name, e) < 0) return -1;
	memcpy(l->name, name, n + 1);
	return 1;
}
