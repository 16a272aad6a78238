#include "lib/archive/pack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/archive/acl.h"
#include "lib/archive/check.h"
#include "lib/archive/decode.h"
#include "lib/archive/entry.h"
#include "lib/archive/pieces.h"
#include "lib/archive/squeeze.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

static const char config[] = "startup=0\n";

/* An archive in memory. */
struct file {
	struct arena m;
	unsigned char *data;
	size_t n;
	char hex[SHA256_HEX + 1];
};

static void add(struct pack *p, const struct tar_entry *n, const void *data)
{
	struct err e = { 0 };

	CHECK_INT(pack_entry(p, n, &e), 0);
	if (p->left) CHECK_INT(pack_add(p, data, (size_t)p->left, &e), 0);
	CHECK_STR(e.text, "");
}

static void add_front(struct pack *p, const char *head)
{
	add(p, &(struct tar_entry){ .path = PACK_HEAD, .mode = S_IFREG | 0600,
				    .size = strlen(head) }, head);
	add(p, &(struct tar_entry){ .path = PACK_CONFIG, .mode = S_IFREG | 0600,
				    .size = sizeof config - 1 }, config);
}

static void add_tree(struct pack *p)
{
	static const struct tar_extent extents[] = { { 0, 3 }, { 1 << 20, 4 } };
	const struct attr attrs[] = { { "user.a", "\0=\n", 3 } };
	char *deep = arena_printf(&p->of_lines, "rootfs/%0300d", 7);

	add(p, &(struct tar_entry){ .path = "rootfs", .mode = S_IFDIR | 0755 }, NULL);
	add(p, &(struct tar_entry){ .path = "rootfs/a\\b\nc\xff", .mode = S_IFREG | 04755,
				    .size = 600, .uid = 3000000, .gid = 5,
				    .mtime = { 1500000000, 120000000 }, .attrs = attrs,
				    .attrs_n = 1 },
	    arena_alloc(&p->of_lines, 600));
	add(p, &(struct tar_entry){ .path = deep, .mode = S_IFREG, .mtime = { -5, 1 } }, NULL);
	add(p, &(struct tar_entry){ .path = "rootfs/hard", .link = deep, .hard = true,
				    .mode = S_IFREG }, NULL);
	add(p, &(struct tar_entry){ .path = "rootfs/link", .link = "a", .mode = S_IFLNK },
	    NULL);
	add(p, &(struct tar_entry){ .path = "rootfs/null", .mode = S_IFCHR | 0666,
				    .dev = makedev(1, 3) }, NULL);
	add(p, &(struct tar_entry){ .path = "rootfs/holes", .mode = S_IFREG | 0600,
				    .size = 3 << 20, .extents = extents, .extents_n = 2 },
	    "abcdefg");
}

static const char tree_head[] = PACK_FORMAT "\njail=web\n";
static const char stream_head[] = PACK_FORMAT_STREAM "\njail=web\n";

/* The spool cannot be longer; 0: it can. */
static off_t spool_room;

static int new_spool(void)
{
	int fd = memfd_create("spool", MFD_ALLOW_SEALING);

	if (!spool_room) return fd;
	CHECK_INT(ftruncate(fd, spool_room), 0);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	return fd;
}

static void make_with(struct file *f, const char *head, enum squeeze_kind kind,
                      void (*tree)(struct pack *))
{
	struct arena m = { 0 };
	struct err e = { 0 };
	int fd = memfd_create("archive", 0), spool = new_spool();
	struct pack p;

	*f = (struct file){ 0 };
	pack_begin(&p, &m, kind, fd, spool);
	add_front(&p, head);
	tree(&p);
	CHECK_INT(pack_end(&p, f->hex, &e), 0);
	CHECK_INT(p.lost, 0);
	f->n = (size_t)lseek(fd, 0, SEEK_END);
	f->data = arena_alloc(&f->m, f->n + 1);
	CHECK_INT(pread(fd, f->data, f->n, 0), f->n);
	pack_free(&p);
	arena_free(&m);
	close(fd);
	close(spool);
}

static void make(struct file *f, enum squeeze_kind kind, void (*tree)(struct pack *))
{
	make_with(f, tree_head, kind, tree);
}

struct from_memory {
	struct pull pull;
	const unsigned char *data;
	size_t n, step;
};

static ssize_t from_memory_next(struct pull *p, const void **data, struct err *e)
{
	struct from_memory *f = (struct from_memory *)p;
	size_t n = f->n < f->step ? f->n : f->step;

	(void)e;
	*data = f->data;
	f->data += n;
	f->n -= n;
	return (ssize_t)n;
}

static int check(const void *data, size_t n, size_t step, struct check_front *front,
                 struct err *e)
{
	struct arena m = { 0 };
	struct from_memory from = { { from_memory_next }, data, n, step };
	struct check_seal *seal = check_seal_open(&m, &from.pull);
	struct decode *d = decode_open(&m, check_seal_out(seal), e);
	struct check *c = d ? check_open(&m, decode_out(d), front) : NULL;
	const void *piece;
	ssize_t k = -1;

	while (c && (k = check_out(c)->next(check_out(c), &piece, e)) > 0)
		;
	if (k == 0) k = check_finish(c, e) < 0 || check_seal_finish(seal, e) < 0 ? -1 : 0;
	decode_close(d);
	arena_free(&m);
	return (int)k;
}

static const enum squeeze_kind kinds[] = { SQUEEZE_NONE, SQUEEZE_ZSTD, SQUEEZE_GZIP,
					   SQUEEZE_XZ };

TEST(what_was_packed_fits_its_manifest)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct check_front *front = calloc(1, sizeof *front);
		struct err e = { 0 };
		struct file f;

		make(&f, kinds[i], add_tree);
		for (size_t step = 1; step < 2000; step = step * 3 + 40) {
			memset(front, 0, sizeof *front);
			CHECK_INT(check(f.data, f.n, step, front, &e), 0);
			CHECK_STR(e.text, "");
			CHECK(front->is_export);
			CHECK_INT(front->config_n, sizeof config - 1);
			CHECK(!memcmp(front->config, config, front->config_n));
			CHECK(!memcmp(front->head, PACK_FORMAT "\n", 9));
		}
		free(front);
		arena_free(&f.m);
	}
}

/* Pieces of the stream end in the middle of headers, contents and padding, and files are longer
 * than pieces. */
static void add_large(struct pack *p)
{
	size_t room = 9 << 20;
	unsigned char *data = arena_alloc(&p->of_lines, room);

	for (size_t i = 0; i < room; i++) data[i] = (unsigned char)(i * i >> 7);
	for (size_t n = 1; n < room; n = n * 2 + 77)
		add(p, &(struct tar_entry){ .path = arena_printf(&p->of_lines, "rootfs/%zu", n),
					    .mode = S_IFREG | 0600, .size = n }, data);
	for (size_t i = 0; i < 12000; i++) {
		struct tar_entry n = {
			.path = arena_printf(&p->of_lines, "rootfs/e%zu", i),
			.mode = i < 9000 ? S_IFREG | 0600 : S_IFDIR | 0700,
			.size = i < 9000 ? i % 3 * 100 : 0,
		};

		add(p, &n, data);
	}
}

TEST(large_files_and_many_small_ones)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct err e = { 0 };
		struct file f;

		if (kinds[i] == SQUEEZE_XZ) continue;	/* slow, and as the others */
		make(&f, kinds[i], add_large);
		CHECK_INT(check(f.data, f.n, 1 << 16, NULL, &e), 0);
		CHECK_STR(e.text, "");
		arena_free(&f.m);
	}
}

TEST(the_same_tree_gives_the_same_bytes)
{
	struct file a, b;

	make(&a, SQUEEZE_ZSTD, add_tree);
	make(&b, SQUEEZE_ZSTD, add_tree);
	CHECK_STR(a.hex, b.hex);
	arena_free(&a.m);
	arena_free(&b.m);
}

TEST(the_disk_of_the_spool_is_full)
{
	struct file whole;

	make(&whole, SQUEEZE_NONE, add_large);
	for (off_t room = 10; room < 200000; room += 100000) {
		struct file f;

		spool_room = room;
		make(&f, SQUEEZE_NONE, add_large);
		CHECK_STR(f.hex, whole.hex);
		arena_free(&f.m);
	}
	spool_room = 0;
	arena_free(&whole.m);
}

/* Each `step`th bit of a file of that kind. */
static void flip_bits(const struct file *f, size_t step, size_t kind)
{
	for (size_t bit = 0; bit < f->n * 8; bit += step) {
		struct err e = { 0 };

		f->data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		if (check(f->data, f->n, 4096, NULL, &e) == 0)
			test_fail(__FILE__, __LINE__, "kind %zu, bit %zu", kind, bit);
		f->data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

TEST(each_flipped_bit_is_found)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct file f;

		make(&f, kinds[i], add_tree);
		flip_bits(&f, f.n > 5000 ? 37 : 7, i);
		arena_free(&f.m);
	}
}

TEST(what_is_cut_off_or_longer_is_found)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct err e = { 0 };
		struct file f;

		make(&f, kinds[i], add_tree);
		for (size_t n = 0; n < f.n; n += f.n > 5000 ? 300 : 5)
			CHECK_INT(check(f.data, n, 4096, NULL, &e), -1);
		CHECK_INT(check(f.data, f.n + 1, 4096, NULL, &e), -1);
		arena_free(&f.m);
	}
}

static void put(struct file *f, size_t at, const char *what)
{
	memcpy(f->data + at, what, strlen(what));
}

TEST(the_damaged_entry_is_named)
{
	struct err e = { 0 };
	struct file f;
	unsigned char *at;

	make(&f, SQUEEZE_NONE, add_tree);
	at = memmem(f.data, f.n, config, sizeof config - 1);
	put(&f, (size_t)(at - f.data), "startup=1");
	CHECK_INT(check(f.data, f.n, 4096, NULL, &e), -1);
	CHECK_INT(e.kind, ERR_UNTRUSTED);
	CHECK_STR(e.text, "the archive is damaged: the contents of config");
	put(&f, (size_t)(at - f.data), "startup=0");
	at = memmem(f.data, f.n, "abcdefg", 7);
	*at = 'x';
	CHECK_INT(check(f.data, f.n, 4096, NULL, &e), -1);
	CHECK_STR(e.text, "the archive is damaged: the contents of rootfs/holes");
	arena_free(&f.m);
}

TEST(an_archive_of_another_kind_is_none)
{
	static unsigned char bytes[2048];
	struct check_front *front = calloc(1, sizeof *front);
	struct err e = { 0 };

	memset(bytes, 'x', sizeof bytes);
	CHECK_INT(check(bytes, sizeof bytes, 4096, front, &e), -1);
	CHECK_STR(e.text, "the archive was not made by 'jlmkr export'");
	CHECK_INT(front->head_n, TAR_BLOCK);
	CHECK(!front->is_export && !memcmp(front->head, bytes, TAR_BLOCK));
	free(front);
}

/* -- with a stream -- */

static void add_piece(struct pack *p, const char *name, size_t n)
{
	unsigned char *data = arena_alloc(&p->of_lines, n + 1);

	for (size_t i = 0; i < n; i++) data[i] = (unsigned char)(i * i >> 9);
	add(p, &(struct tar_entry){ .path = name, .mode = S_IFREG | 0600, .size = n }, data);
}

static void add_pieces(struct pack *p)
{
	add_piece(p, "stream/00000001", PIECES_EACH);
	add_piece(p, "stream/00000002", 1000);
}

struct passed {
	struct sha256 hash;
	size_t n;
};

static void pass(void *arg, const void *data, size_t n)
{
	struct passed *p = arg;

	sha256_add(&p->hash, data, n);
	p->n += n;
}

static int check_passing(const struct file *f, size_t step, struct passed *p, struct err *e)
{
	struct arena m = { 0 };
	struct from_memory from = { { from_memory_next }, f->data, f->n, step };
	struct check *c = check_open(&m, &from.pull, NULL);
	const void *piece;
	int rc;

	sha256_begin(&p->hash);
	check_pass(c, pass, p);
	while (check_out(c)->next(check_out(c), &piece, e) > 0)
		;
	rc = check_finish(c, e);
	arena_free(&m);
	return rc;
}

TEST(the_pieces_of_a_stream_are_put_together)
{
	for (size_t step = 700; step < 3 * PIECES_EACH; step *= 30) {
		struct passed p = { .n = 0 };
		struct err e = { 0 };
		struct file f;
		char was[SHA256_HEX + 1], is[SHA256_HEX + 1];
		struct sha256 hash;

		make_with(&f, stream_head, SQUEEZE_NONE, add_pieces);
		CHECK_INT(check_passing(&f, step, &p, &e), 0);
		CHECK_STR(e.text, "");
		CHECK_INT(p.n, PIECES_EACH + 1000);
		/* As `tar -O` has them: headers of one block before and between, no padding. */
		sha256_begin(&hash);
		sha256_add(&hash, f.data + 5 * TAR_BLOCK, PIECES_EACH);
		sha256_add(&hash, f.data + 6 * TAR_BLOCK + PIECES_EACH, 1000);
		sha256_end(&hash, was);
		sha256_end(&p.hash, is);
		CHECK_STR(is, was);
		arena_free(&f.m);
	}
}

static void out_of_order(struct pack *p)
{
	add_piece(p, "stream/00000002", PIECES_EACH);
	add_piece(p, "stream/00000001", 1000);
}

static void one_twice(struct pack *p)
{
	add_piece(p, "stream/00000001", PIECES_EACH);
	add_piece(p, "stream/00000001", 1000);
}

static void short_one_first(struct pack *p)
{
	add_piece(p, "stream/00000001", 1000);
	add_piece(p, "stream/00000002", 1000);
}

static void too_long(struct pack *p)
{
	add_piece(p, "stream/00000001", PIECES_EACH + 1);
}

static void no_bytes(struct pack *p)
{
	add_piece(p, "stream/00000001", 0);
}

static void no_piece(struct pack *p)
{
	(void)p;
}

static void another_name(struct pack *p)
{
	add_piece(p, "stream/00000001", PIECES_EACH);
	add_piece(p, "rootfs/x", 1000);
}

static void long_name(struct pack *p)
{
	add_piece(p, arena_printf(&p->of_lines, "stream/%0200d", 1), 1000);
}

static void folder(struct pack *p)
{
	add(p, &(struct tar_entry){ .path = "stream/00000001", .mode = S_IFDIR | 0700 }, NULL);
}

TEST(other_pieces_are_refused)
{
	static void (*const wrong[])(struct pack *) = {
		out_of_order, one_twice, short_one_first, too_long, no_bytes, no_piece,
		another_name, long_name, folder, add_tree,
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct passed p = { .n = 0 };
		struct err e = { 0 };
		struct file f;

		make_with(&f, stream_head, SQUEEZE_NONE, wrong[i]);
		if (check_passing(&f, 4096, &p, &e) == 0)
			test_fail(__FILE__, __LINE__, "%zu is not refused", i);
		CHECK_INT(e.kind, ERR_UNTRUSTED);
		arena_free(&f.m);
	}
}

static void small_stream(struct pack *p)
{
	add_piece(p, "stream/00000001", 3000);
}

TEST(each_flipped_bit_of_a_stream_is_found)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct file f;

		make_with(&f, stream_head, kinds[i], small_stream);
		flip_bits(&f, 61, i);
		arena_free(&f.m);
	}
}

/* What begins like the word is another format. */
TEST(a_tree_has_no_pieces)
{
	struct passed p = { .n = 0 };
	struct err e = { 0 };
	struct file f;

	make_with(&f, PACK_FORMAT_STREAM "0\njail=web\n", SQUEEZE_NONE, add_pieces);
	CHECK_INT(check_passing(&f, 4096, &p, &e), 0);
	CHECK_INT(p.n, 0);
	arena_free(&f.m);
	make_with(&f, tree_head, SQUEEZE_NONE, add_pieces);
	CHECK_INT(check_passing(&f, 4096, &p, &e), 0);
	CHECK_INT(p.n, 0);
	arena_free(&f.m);
}

TEST(headers_are_parsed_as_they_were_made)
{
	struct arena m = { 0 };
	struct str out = { .m = &m }, map = { .m = &m };
	const struct tar_entry n = { .path = "x", .mode = S_IFREG, .size = UINT64_C(9) << 40 };
	struct tar_seen seen;
	bool lost = false;

	CHECK_INT(tar_head_add(&out, &map, &n, &lost), n.size);
	CHECK_INT(out.len, TAR_BLOCK);
	CHECK(tar_head_parse((unsigned char *)out.s, &seen));
	CHECK_STR(seen.name, "x");
	CHECK_INT(seen.type, '0');
	CHECK_INT(seen.size, n.size);
	out.s[0] = 'y';
	CHECK(!tar_head_parse((unsigned char *)out.s, &seen));
	arena_free(&m);
}

TEST(an_acl_as_text)
{
	struct arena m = { 0 };
	struct acl_line lines[] = {
		{ ACL_OWNER, 7, 0, "" }, { ACL_USER, 4, 1000, "" },
		{ ACL_OWNING_GROUP, 5, 0, "" },
		{ ACL_MASK, 5, 0, "" }, { ACL_OTHER, 0, 0, "" },
	};
	struct err e = { 0 };
	size_t size;
	void *value = acl_pack(&m, lines, 5, &size, &e);

	CHECK_STR(acl_text(&m, value, size),
	          "user::rwx,user:1000:r--,group::r-x,mask::r-x,other::---");
	CHECK(!acl_text(&m, value, size - 1));
	CHECK(!acl_text(&m, "abcdefgh", 8));
	arena_free(&m);
}
