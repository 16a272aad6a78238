/* The superblock, and the tables that lie in metadata blocks. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/squashfs_impl.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

enum { CACHED_LOG = 7, CACHED = 1 << CACHED_LOG, BLOCK_LOG_MIN = 12, BLOCK_LOG_MAX = 20,
       FLAG_NO_XATTRS = 0x200, STORED = 0x8000 };

#define NONE UINT64_MAX

/* A decoded metadata block. Its place in the row of them follows from its address. */
struct metadata {
	uint64_t at, next;	/* at 0: empty */
	size_t n;
	uint8_t *data;		/* NULL: none yet */
};

bool squashfs_begins(const void *head, size_t n)
{
	return n >= SQUASHFS_HEAD && !memcmp(head, "hsqs", SQUASHFS_HEAD);
}

int squashfs_fail(struct err *e, const char *why)
{
	return fail(e, ERR_INPUT, "the squashfs image is damaged: %s", why);
}

/* Read bytes of the image that are all in it. */
static int read_image(const struct squashfs *s, uint64_t at, void *to, size_t n, struct err *e)
{
	size_t done = 0;

	if (at > s->used || n > s->used - at)
		return squashfs_fail(e, "a part of it is behind its end");
	while (done < n) {
		ssize_t k = pread(s->fd, (char *)to + done, n - done, (off_t)(at + done));

		if (k < 0 && errno == EINTR) continue;
		if (k < 0) return fail_sys(e, "read the archive");
		if (k == 0) return fail(e, ERR_INPUT, "the archive ends too early");
		done += (size_t)k;
	}
	return 0;
}

static int load_metadata(struct squashfs *s, struct metadata *b, uint64_t at, struct err *e)
{
	uint8_t packed[META_SIZE];
	const char *why;
	uint32_t word, n;
	ssize_t k;

	b->at = 0;
	if (!b->data) b->data = arena_alloc(s->m, META_SIZE);
	if (at < HEADER_SIZE) return squashfs_fail(e, "a table begins in the superblock");
	if (read_image(s, at, packed, 2, e) < 0) return -1;
	word = get16(packed);
	n = word & ~(uint32_t)STORED;
	if (n == 0 || n > META_SIZE)
		return squashfs_fail(e, "the size of a metadata block is wrong");
	if (read_image(s, at + 2, word & STORED ? b->data : packed, n, e) < 0) return -1;
	k = (ssize_t)n;
	if (!(word & STORED) &&
	    (k = unpacker_decode(s->unpacker, packed, n, b->data, META_SIZE, &why)) < 0)
		return fail(e, ERR_INPUT, "the squashfs image is damaged: metadata: %s", why);
	b->n = (size_t)k;
	b->next = at + 2 + n;
	b->at = at;
	return 0;
}

static const struct metadata *find_metadata(struct squashfs *s, uint64_t at, struct err *e)
{
	uint64_t hash = at * UINT64_C(0x9e3779b97f4a7c15) >> (64 - CACHED_LOG);
	struct metadata *b = &s->blocks[hash];

	return (at && b->at == at) || load_metadata(s, b, at, e) == 0 ? b : NULL;
}

int cursor_read(struct squashfs *s, struct cursor *c, void *to, size_t n, struct err *e)
{
	uint8_t *p = to;

	while (n) {
		const struct metadata *b = find_metadata(s, c->block, e);
		size_t k;

		if (!b) return -1;
		if (c->offset > b->n)
			return squashfs_fail(e, "a place in a metadata block is wrong");
		k = b->n - c->offset < n ? b->n - c->offset : n;
		memcpy(p, b->data + c->offset, k);
		p += k;
		n -= k;
		c->offset += (uint32_t)k;
		if (c->offset == b->n) *c = (struct cursor){ .block = b->next };
	}
	return 0;
}

int cursor_refer(struct squashfs *s, struct cursor *c, uint64_t table, uint64_t ref,
                 struct err *e)
{
	uint64_t block = ref >> 16;

	*c = (struct cursor){ .offset = (uint32_t)(ref & 0xffff) };
	if (block > s->used || table > s->used - block || c->offset >= META_SIZE)
		return squashfs_fail(e, "a reference leads behind its end");
	c->block = table + block;
	return 0;
}

int table_read(struct squashfs *s, uint64_t table, uint32_t i, size_t size, void *to,
               struct err *e)
{
	uint32_t each = (uint32_t)(META_SIZE / size);
	struct cursor c = { .offset = i % each * (uint32_t)size };
	uint8_t place[8];

	if (read_image(s, table + i / each * sizeof place, place, sizeof place, e) < 0)
		return -1;
	c.block = get64(place);
	if (c.block >= table) return squashfs_fail(e, "the index of a table is wrong");
	return cursor_read(s, &c, to, size, e);
}

int fragment_read(struct squashfs *s, uint32_t i, uint64_t *at, uint32_t *word, struct err *e)
{
	uint8_t raw[16];

	if (i >= s->fragments) return squashfs_fail(e, "the number of a fragment is wrong");
	if (table_read(s, s->fragment_table, i, sizeof raw, raw, e) < 0) return -1;
	*at = get64(raw);
	*word = get32(raw + 8);
	return block_check(s, *at, *word, e);
}

static int read_ids(struct arena *m, struct squashfs *s, struct err *e)
{
	s->ids = arena_array(m, s->ids_n, sizeof *s->ids);
	for (uint32_t i = 0; i < s->ids_n; i++) {
		uint8_t raw[4];

		if (table_read(s, s->id_table, i, sizeof raw, raw, e) < 0) return -1;
		s->ids[i] = get32(raw);
	}
	return 0;
}

static int read_xattr_head(struct squashfs *s, struct err *e)
{
	uint8_t raw[16];

	if (s->xattr_table == NONE || s->flags & FLAG_NO_XATTRS) {
		s->xattr_table = NONE;
		return 0;
	}
	if (read_image(s, s->xattr_table, raw, sizeof raw, e) < 0) return -1;
	s->xattr_values = get64(raw);
	s->xattrs = get32(raw + 8);
	return s->xattr_values < s->xattr_table
	       ? 0 : squashfs_fail(e, "the place of the attributes is wrong");
}

/* The tables that exist follow each other. That of the NFS exports is not used. */
static int check_tables(const struct squashfs *s, uint64_t exports, struct err *e)
{
	const uint64_t order[] = {
		s->inode_table, s->directory_table, s->fragments ? s->fragment_table : NONE,
		exports, s->id_table, s->xattr_table,
	};
	uint64_t last = HEADER_SIZE;

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if (order[i] == NONE) continue;
		if (order[i] < last || order[i] >= s->used)
			return squashfs_fail(e, "its tables are out of order");
		last = order[i];
	}
	if (s->inode_table == NONE || s->directory_table == NONE || s->id_table == NONE)
		return squashfs_fail(e, "a table is missing");
	return 0;
}

static int check_super(const struct squashfs *s, const uint8_t *raw, struct err *e)
{
	unsigned block_log = get16(raw + 22);

	if (get16(raw + 28) != 4 || get16(raw + 30) != 0)
		return fail(e, ERR_INPUT,
		            "the squashfs image has version %u.%u; jlmkr reads 4.0",
		            get16(raw + 28), get16(raw + 30));
	if (packing_check(s->packing, e) < 0) return -1;
	if (block_log < BLOCK_LOG_MIN || block_log > BLOCK_LOG_MAX ||
	    s->block_size != 1u << block_log)
		return squashfs_fail(e, "the size of its blocks is wrong");
	if (!s->inodes || !s->ids_n) return squashfs_fail(e, "it has no files or no owners");
	return check_tables(s, get64(raw + 88), e);
}

static int read_super(struct squashfs *s, struct err *e)
{
	uint8_t raw[HEADER_SIZE];
	struct stat st;

	if (fstat(s->fd, &st) < 0) return fail_sys(e, "read the archive");
	s->used = (uint64_t)st.st_size;
	if (s->used < sizeof raw) return fail(e, ERR_INPUT, "the archive ends too early");
	if (read_image(s, 0, raw, sizeof raw, e) < 0) return -1;
	if (get64(raw + 40) > s->used)
		return fail(e, ERR_INPUT,
		            "the archive ends too early: it has %llu of %llu bytes",
		            (unsigned long long)s->used, (unsigned long long)get64(raw + 40));
	s->used = get64(raw + 40);
	s->inodes = get32(raw + 4);
	s->block_size = get32(raw + 12);
	s->fragments = get32(raw + 16);
	s->packing = get16(raw + 20);
	s->flags = get16(raw + 24);
	s->ids_n = get16(raw + 26);
	s->root = get64(raw + 32);
	s->id_table = get64(raw + 48);
	s->xattr_table = get64(raw + 56);
	s->inode_table = get64(raw + 64);
	s->directory_table = get64(raw + 72);
	s->fragment_table = get64(raw + 80);
	return check_super(s, raw, e);
}

int squashfs_open(struct arena *m, int fd, struct squashfs *s, struct err *e)
{
	*s = (struct squashfs){ .m = m, .fd = fd };
	if (read_super(s, e) < 0) return -1;
	s->unpacker = unpacker_open(m, s->packing, s->block_size);
	s->blocks = arena_array(m, CACHED, sizeof *s->blocks);
	return read_ids(m, s, e) < 0 ? -1 : read_xattr_head(s, e);
}

void squashfs_close(struct squashfs *s)
{
	unpacker_close(s->unpacker);
}
