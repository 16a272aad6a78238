/* Functions and types that only the files of the squashfs reader share
 *
 * An image is: data blocks and fragment blocks, then tables. A table is a row of metadata
 * blocks of 8 KiB or less, each compressed; a cursor is a place in a table. Nothing in an
 * image is trusted: each offset, length and count is checked before it is used. */
#ifndef ARCHIVE_SQUASHFS_IMPL_H
#define ARCHIVE_SQUASHFS_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/archive/entry.h"
#include "lib/archive/path_walk.h"
#include "lib/archive/squashfs.h"
#include "lib/base/arena.h"

struct err;

enum { META_SIZE = 8192, NO_FRAGMENT = -1, NAME_LIMIT = 255 };

#define NO_XATTR UINT32_MAX
#define HEADER_SIZE UINT64_C(96)

/* Numbers in an image are little-endian, and not aligned. */
static inline uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static inline uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* -- decoders: squashfs_decode.c -- */

/* As in the superblock. */
enum packing { PACKED_GZIP = 1, PACKED_LZMA, PACKED_LZO, PACKED_XZ, PACKED_LZ4, PACKED_ZSTD };

/* ERR_INPUT if blocks of that kind cannot be decoded. */
int packing_check(unsigned packing, struct err *e);

struct unpacker;

/* A decoder for one thread, with memory of its library. It lives in `m`. */
struct unpacker *unpacker_open(struct arena *m, enum packing packing, uint32_t block_size);
void unpacker_close(struct unpacker *u);

/* Decode a block of `n` bytes into `room` bytes. Returns the number of bytes, which is at least
 * one, or -1 and a reason. */
ssize_t unpacker_decode(struct unpacker *u, const void *data, size_t n, void *out, size_t room,
                        const char **why);

/* -- superblock, tables: squashfs_table.c -- */

struct cursor {
	uint64_t block;		/* where its metadata block begins in the image */
	uint32_t offset;	/* in the decoded block */
};

struct squashfs {
	struct arena *m;
	int fd;
	struct unpacker *unpacker;
	struct metadata *blocks;	/* the last ones used */
	uint32_t inodes, block_size, fragments, ids_n, xattrs;
	unsigned packing, flags;
	uint64_t root, used;
	uint64_t inode_table, directory_table, fragment_table, id_table, xattr_table;
	uint64_t xattr_values;		/* where keys and values begin */
	uint32_t *ids;
};

/* Read the superblock and the table of ids. Everything lives in `m`. */
int squashfs_open(struct arena *m, int fd, struct squashfs *s, struct err *e);
void squashfs_close(struct squashfs *s);

/* Reports that the image is damaged: `why` says in what. */
int squashfs_fail(struct err *e, const char *why);

/* Read the next `n` bytes of a table. */
int cursor_read(struct squashfs *s, struct cursor *c, void *to, size_t n, struct err *e);

/* Set a cursor to a place that a reference names, relative to a table: 48 bits of block, 16 of
 * offset. */
int cursor_refer(struct squashfs *s, struct cursor *c, uint64_t table, uint64_t ref,
                 struct err *e);

/* Read element `i` of a table with an index, whose elements have `size` bytes. The caller has
 * checked `i` against their number. */
int table_read(struct squashfs *s, uint64_t table, uint32_t i, size_t size, void *to,
               struct err *e);

/* Where a fragment block is, and its size word. */
int fragment_read(struct squashfs *s, uint32_t i, uint64_t *at, uint32_t *word, struct err *e);

/* -- inodes, directories: squashfs_inode.c -- */

/* The type numbers of basic inodes and of directory entries. */
enum kind { KIND_DIR = 1, KIND_FILE, KIND_LINK, KIND_BLOCK, KIND_CHAR, KIND_FIFO, KIND_SOCKET };

struct inode {
	enum kind kind;
	uint32_t number, links;		/* links: 0 if it does not say */
	mode_t mode;			/* type and permissions */
	uint32_t uid, gid, mtime, xattr;
	dev_t dev;
	uint64_t size;			/* of a file; bytes of a directory's list or link */
	uint64_t start;			/* of a file's blocks, or of a directory's list */
	uint32_t fragment, offset;	/* of a file's tail; offset of a directory's list */
	struct cursor rest;		/* a file's list of blocks, or a link's target */
};

int inode_read(struct squashfs *s, uint64_t ref, struct inode *n, struct err *e);

/* Read the target of a symbolic link. */
int inode_link(struct squashfs *s, const struct inode *n, char *to, size_t room, struct err *e);

/* A directory while it is listed. */
struct listing {
	struct cursor at;
	uint64_t left;			/* bytes */
	uint32_t entries;		/* behind the current header */
	uint32_t block, number;		/* of that header */
	char name[NAME_LIMIT + 1];	/* of the last entry */
	enum kind kind;
	uint64_t ref;			/* of its inode */
	uint32_t inode;			/* its number */
};

int listing_begin(struct squashfs *s, const struct inode *dir, struct listing *l,
                  struct err *e);

/* Go to the next entry: returns 1, 0 at the end, -1 on a fault. Names are in order, so none
 * comes twice. */
int listing_next(struct squashfs *s, struct listing *l, struct err *e);

/* -- attributes: squashfs_xattr.c -- */

/* Read the attributes of an inode into `m`. `*bare`: some are of a kind that nobody can set. */
int xattrs_read(struct squashfs *s, struct arena *m, uint32_t index, struct attr **attrs,
                size_t *n, bool *bare, struct err *e);

/* -- blocks of data: squashfs_data.c -- */

struct block {
	uint64_t at;
	uint32_t word;		/* its size in the image, and whether it is stored as it is */
	uint32_t room;		/* how many bytes it may have, decoded */
	uint32_t n;		/* how many it has */
	unsigned users;		/* who still needs it; 0: free */
	bool done;
	const char *why;	/* it cannot be decoded */
	int sys;		/* errno, if it cannot be read */
	uint8_t *data;
};

struct pool;

/* Threads are started, and memory is taken, as blocks are asked for. NULL on failure. */
struct pool *pool_open(struct arena *m, const struct squashfs *s, struct err *e);
void pool_close(struct pool *p);	/* safe on NULL */

/* Check a size word. */
int block_check(const struct squashfs *s, uint64_t at, uint32_t word, struct err *e);
uint32_t block_stored_size(uint32_t word);

/* Have a block decoded, with one user. NULL: all are in use. The word has been checked. */
struct block *pool_ask(struct pool *p, uint64_t at, uint32_t word, uint32_t room);

/* Wait until it is decoded. */
int pool_wait(struct pool *p, struct block *b, struct err *e);

/* -- the tree: squashfs_tree.c; contents of files: squashfs_files.c -- */

struct folder {
	uint32_t up, name;
};

/* A file with several names: the first of them, for the others. */
struct linked {
	uint64_t ref;
	uint32_t folder, name;
	bool skipped;
};

/* A file whose contents are still to come. */
struct file {
	uint64_t ref, start;
	uint32_t fragment, folder, name;
};

/* A directory, link, device or fifo. */
struct other {
	struct inode inode;
	uint32_t folder, name;
};

/* Another name of a file. */
struct again {
	uint32_t linked, folder, name;
};

/* Names, one behind the other, each with a NUL. */
struct names {
	char *text;
	size_t n, room;
};

/* Files are written in the order of their contents in the image, so that a block is decoded
 * once. All of an image may be too many for the memory: they come in batches. */
struct batch {
	struct other *others;		/* as in the walk: directories before what is in them */
	struct file *files;
	struct again *links;
	size_t others_n, others_room, files_n, files_room, links_n, links_room;
	struct names names;
};

struct tree {
	struct arena m, of_entry;
	struct squashfs s;
	struct pool *pool;		/* NULL until there is a file */
	const struct unpack_limits *max;
	struct quota bytes, files;
	struct unpack_report *report;
	struct path_walk trail;
	struct entry entry;
	struct folder *folders;
	size_t folders_n, folders_room;
	struct linked *links;
	size_t links_n, links_room;
	uint32_t *seen;			/* of each inode: 0, 1, or 2 + the index in `links` */
	struct names names;		/* of folders and of files with several names */
	struct batch batch;
};

/* Set entry.path to a name in a folder. */
int tree_path(struct tree *t, uint32_t folder, const char *name, struct err *e);

/* Set all else of the entry. */
int tree_entry(struct tree *t, const struct inode *n, bool *bare, struct err *e);

/* Make all of the batch that has no contents. */
int tree_make_others(struct tree *t, struct err *e);

/* Write the files of the batch, which are in order. Calls tree_make_others before the first one
 * is made, while blocks are decoded already. */
int files_write(struct tree *t, struct err *e);

#endif
