/* Images by mksquashfs, which tests/data/squashfs/make has made, against what unsquashfs makes
 * of them; and the same images with one thing wrong in them. */

#include "lib/archive/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <zlib.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "tests/unit/disk_world.h"

#define DATA "tests/data/squashfs/"

/* An image in memory, to be changed, and where the tables of a raw one are. */
struct image {
	uint8_t *data;
	size_t n;
};

static struct image image_load(struct world *w, const char *name)
{
	struct image x;
	const char *path = arena_printf(&w->m, DATA "%s.sqfs", name);

	x.data = (uint8_t *)read_file(&w->m, AT_FDCWD, path, 1 << 20, &x.n, &w->e);
	if (!x.data) CHECK_STR(w->e.text, "");
	return x;
}

static uint64_t get(const struct image *x, size_t at, size_t size)
{
	uint64_t v = 0;

	CHECK(at + size <= x->n);
	while (size--) v = v << 8 | x->data[at + size];
	return v;
}

static void put(struct image *x, size_t at, size_t size, uint64_t v)
{
	CHECK(at + size <= x->n);
	for (; size--; v >>= 8) x->data[at++] = (uint8_t)v;
}

static void begin(struct world *w)
{
	if (geteuid() != 0) SKIP("only root may unpack");
	world_make(w);
	signals_catch();
}

static int unpack_file(struct world *w, const struct image *x,
                       const struct unpack_limits *limits, struct unpack_report *r)
{
	AUTOCLOSE int fd = openat(w->top, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct unpack u;

	memset(&w->e, 0, sizeof w->e);
	CHECK_INT(write_all(fd, x->data, x->n, &w->e), 0);
	CHECK(unpack_wants_file(x->data, x->n));
	CHECK_INT(unpack_begin_file(&u, fd, w->inside, limits, &w->e), 0);
	return unpack_end(&u, r, &w->e);
}

static int unpack_pipe(struct world *w, const struct image *x,
                       const struct unpack_limits *limits, size_t piece,
                       struct unpack_report *r)
{
	struct unpack u;

	memset(&w->e, 0, sizeof w->e);
	CHECK_INT(unpack_begin(&u, w->inside, limits, &w->e), 0);
	for (size_t i = 0; i < x->n; i += piece)
		if (unpack_feed(&u, x->data + i, x->n - i < piece ? x->n - i : piece,
		                &w->e) < 0)
			return -1;
	return unpack_end(&u, r, &w->e);
}

/* -- a tree in words: see tests/data/squashfs/make -- */

static struct {
	struct world *w;
	struct words lines;
} listed;

static uint32_t sum_of(const char *path)
{
	size_t n;
	char *text = read_file(&listed.w->m, AT_FDCWD, path, 1 << 20, &n, NULL);

	CHECK(text);
	return (uint32_t)crc32(0, (const uint8_t *)text, (unsigned)n);
}

static const char *what_of(const char *path, const struct stat *st)
{
	static char text[5000];
	ssize_t n;

	strcpy(text, "-");
	if (S_ISREG(st->st_mode)) snprintf(text, sizeof text, "%08x", sum_of(path));
	if (S_ISCHR(st->st_mode))
		snprintf(text, sizeof text, "%u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (!S_ISLNK(st->st_mode)) return text;
	n = readlink(path, text, sizeof text - 1);
	CHECK(n > 0);
	text[n] = 0;
	return text;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_attrs(struct str *line, const char *path)
{
	char names[1000], value[2000];
	struct words sorted = { .m = &listed.w->m };
	ssize_t n = llistxattr(path, names, sizeof names), k;

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1)
		words_add(&sorted, names + i);
	if (sorted.n) qsort(sorted.v, sorted.n, sizeof *sorted.v, by_text);
	for (size_t i = 0; i < sorted.n; i++) {
		if (!str_starts(sorted.v[i], "user.") &&
		    !str_eq(sorted.v[i], "security.capability"))
			continue;
		k = lgetxattr(path, sorted.v[i], value, sizeof value);
		CHECK(k >= 0);
		str_addf(line, " %s=%08x", sorted.v[i],
		         (unsigned)crc32(0, (uint8_t *)value, (unsigned)k));
	}
}

static int list_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct str line = { .m = &listed.w->m };

	(void)kind;
	(void)at;
	if (S_ISBLK(st->st_mode) || S_ISSOCK(st->st_mode)) return 0;
	str_addf(&line, "%o %u %u %lld %lu %lld %s %s", st->st_mode, st->st_uid, st->st_gid,
	         (long long)st->st_mtime,
	         S_ISDIR(st->st_mode) ? 1ul : (unsigned long)st->st_nlink,
	         S_ISREG(st->st_mode) ? (long long)st->st_size : 0, what_of(path, st),
	         str_starts(path, "./") ? path + 2 : path);
	CHECK_INT(st->st_mtim.tv_nsec, 0);
	add_attrs(&line, path);
	words_add(&listed.lines, str_text(&line));
	return 0;
}

static char *list_tree(struct world *w, int dir)
{
	AUTOCLOSE int here = open(".", O_PATH | O_CLOEXEC);
	struct str all = { .m = &w->m };

	listed.w = w;
	listed.lines = (struct words){ .m = &w->m };
	CHECK_INT(fchdir(dir), 0);
	CHECK_INT(nftw(".", list_one, 8, FTW_PHYS), 0);
	CHECK_INT(fchdir(here), 0);
	qsort(listed.lines.v, listed.lines.n, sizeof *listed.lines.v, by_text);
	for (size_t i = 0; i < listed.lines.n; i++)
		str_addf(&all, "%s\n", listed.lines.v[i]);
	return (char *)str_text(&all);
}

/* Fails with the first line that is another one. */
static void check_same(const char *is, const char *want)
{
	while (*is && *want) {
		size_t a = strcspn(is, "\n"), b = strcspn(want, "\n");

		if (a != b || memcmp(is, want, a))
			test_fail(__FILE__, __LINE__, "%.*s instead of %.*s", (int)a, is,
			          (int)b, want);
		is += a + 1;
		want += b + 1;
	}
	CHECK_STR(is, want);
}

static const char *const whole[] = {
	"gzip", "xz", "zstd", "raw", "large", "nofragments", "tailends",
};

static const char *known_tree(struct world *w)
{
	return read_file(&w->m, AT_FDCWD, DATA "tree.txt", 1 << 20, NULL, NULL);
}

static void check_report(const struct world *w, const struct unpack_report *r)
{
	if (w->e.kind) CHECK_STR(w->e.text, "");
	CHECK_INT(r->entries, 331);	/* with a disk and a link to it, without a socket */
	CHECK_INT(r->skipped, 2);
	CHECK_INT(r->bare, 1);		/* trusted. */
}

TEST(all_that_mksquashfs_packs_arrives)
{
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
		struct world w;
		struct image x;
		struct unpack_report r = { 0 };

		begin(&w);
		x = image_load(&w, whole[i]);
		unpack_file(&w, &x, NULL, &r);
		check_report(&w, &r);
		check_same(list_tree(&w, w.inside), known_tree(&w));
		world_drop(&w);
	}
}

TEST(holes_stay_holes)
{
	struct world w;
	struct image x;
	struct stat st;

	begin(&w);
	x = image_load(&w, "gzip");
	CHECK_INT(unpack_file(&w, &x, NULL, NULL), 0);
	CHECK_INT(fstatat(w.inside, "var/sparse", &st, 0), 0);
	CHECK(st.st_blocks * 512 < 100000);
	CHECK_INT(fstatat(w.inside, "var/all-hole", &st, 0), 0);
	CHECK_INT(st.st_blocks, 0);
	world_drop(&w);
}

TEST(a_pipe_of_any_pieces_brings_the_same)
{
	static const size_t pieces[] = { 1, 3, 4096, 1 << 20 };

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct world w;
		struct image x;
		struct unpack_report r = { 0 };

		begin(&w);
		x = image_load(&w, "zstd");
		unpack_pipe(&w, &x, NULL, pieces[i], &r);
		check_report(&w, &r);
		check_same(list_tree(&w, w.inside), known_tree(&w));
		world_drop(&w);
	}
}

TEST(unsquashfs_unpacks_the_same)
{
	if (system("command -v unsquashfs > /dev/null") != 0) SKIP("no unsquashfs here");
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
		struct world w;
		struct image x;
		char command[300];
		int theirs;

		begin(&w);
		x = image_load(&w, whole[i]);
		CHECK_INT(unpack_file(&w, &x, NULL, NULL), 0);
		snprintf(command, sizeof command, "unsquashfs -q -n -d %s/inside/theirs " DATA
		         "%s.sqfs > /dev/null", w.path, whole[i]);
		CHECK_INT(renameat2(w.top, "inside", w.top, "ours", 0), 0);
		CHECK_INT(mkdirat(w.top, "inside", 0755), 0);
		CHECK_INT(system(command), 0);
		theirs = openat(w.top, "inside/theirs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		check_same(list_tree(&w, w.inside), list_tree(&w, theirs));
		close(theirs);
		CHECK_INT(tree_remove(w.top, "ours", &w.e), 0);
		world_drop(&w);
	}
}

TEST(all_devices_are_skipped_when_none_are_wanted)
{
	struct world w;
	struct image x;
	struct unpack_report r = { 0 };

	begin(&w);
	x = image_load(&w, "xz");
	CHECK_INT(unpack_file(&w, &x, &(struct unpack_limits){ .no_devices = true }, &r), 0);
	CHECK_INT(r.skipped, 4);
	CHECK(faccessat(w.inside, "dev/null", F_OK, AT_SYMLINK_NOFOLLOW) < 0);
	CHECK(faccessat(w.inside, "dev/fifo", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	world_drop(&w);
}

/* -- one thing wrong -- */

/* The begin of a name's entry in the directory table of a raw image. */
static size_t entry_of(const struct image *x, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = get(x, 72, 8); i + 8 + n < x->n; i++)
		if (!memcmp(x->data + i + 8, name, n) && get(x, i + 6, 2) + 1 == n) return i;
	test_fail(__FILE__, __LINE__, "%s is not there", name);
}

/* Its inode. All that are asked for are in the first block. */
static size_t inode_of(const struct image *x, const char *name)
{
	return get(x, 64, 8) + 2 + get(x, entry_of(x, name), 2);
}

/* Where the first block of metadata is, of a table that has an index. */
static size_t block_of(const struct image *x, size_t field)
{
	return get(x, get(x, field, 8), 8) + 2;
}

enum place {
	SUPER,		/* from the begin */
	ENTRY,		/* of a directory entry */
	INODE,
	FRAGMENTS, IDS, ATTRS, VALUES,	/* the tables */
	ID_INDEX,	/* where the blocks of that table are */
	INODES, NAMES,	/* the first metadata block of these tables, with its header */
};

struct wrong {
	enum place place;
	const char *name;
	int at;
	size_t size;
	uint64_t value;
	const char *fault;	/* NULL: it is unpacked */
};

static size_t place_of(const struct image *x, const struct wrong *f)
{
	switch (f->place) {
	case ENTRY: return entry_of(x, f->name);
	case INODE: return inode_of(x, f->name);
	case FRAGMENTS: return block_of(x, 80);
	case IDS: return block_of(x, 48);
	case ID_INDEX: return get(x, 48, 8);
	case ATTRS: return get(x, get(x, 56, 8) + 16, 8) + 2;
	case VALUES: return get(x, get(x, 56, 8), 8) + 2;
	case INODES: return get(x, 64, 8);
	case NAMES: return get(x, 72, 8);
	default: return 0;
	}
}

static const struct wrong wrong[] = {
	/* the superblock */
	{ SUPER, "", 4, 4, 0, "no files" },
	{ SUPER, "", 4, 4, 0xffffffff, "more than 5000000 files" },
	{ SUPER, "", 4, 4, 5, "the number of an inode" },
	{ SUPER, "", 12, 4, 0, "the size of its blocks" },
	{ SUPER, "", 12, 4, 8192, "the size of its blocks" },
	{ SUPER, "", 22, 2, 11, "the size of its blocks" },
	{ SUPER, "", 22, 2, 21, "the size of its blocks" },
	{ SUPER, "", 22, 2, 76, "the size of its blocks" },
	{ SUPER, "", 16, 4, 0, "the number of a fragment" },
	{ SUPER, "", 20, 2, 0, "in an unknown way (0)" },
	{ SUPER, "", 20, 2, 2, "compressed with lzma, which" },
	{ SUPER, "", 20, 2, 3, "compressed with lzo, which" },
	{ SUPER, "", 20, 2, 5, "compressed with lz4, which" },
	{ SUPER, "", 20, 2, 7, "in an unknown way (7)" },
	{ SUPER, "", 26, 2, 0, "no owners" },
	{ SUPER, "", 26, 2, 1, "the number of an owner" },
	{ SUPER, "", 26, 2, 0xffff, "damaged" },
	{ SUPER, "", 28, 2, 3, "version 3.0" },
	{ SUPER, "", 30, 2, 1, "version 4.1" },
	{ SUPER, "", 32, 8, UINT64_MAX, "behind its end" },
	{ SUPER, "", 32, 8, UINT64_C(1) << 48, "behind its end" },
	{ SUPER, "", 40, 8, 95, "out of order" },
	{ SUPER, "", 40, 8, UINT64_C(1) << 40, "ends too early" },
	{ SUPER, "", 48, 8, UINT64_MAX, "a table is missing" },
	{ SUPER, "", 48, 8, 96, "out of order" },
	{ SUPER, "", 56, 8, 1, "out of order" },
	{ SUPER, "", 56, 8, UINT64_MAX, "the number of an attribute" },
	{ SUPER, "", 64, 8, 0, "out of order" },
	{ SUPER, "", 64, 8, UINT64_MAX - 1, "out of order" },
	{ SUPER, "", 64, 8, UINT64_MAX, "a table is missing" },
	{ SUPER, "", 72, 8, 97, "out of order" },
	{ SUPER, "", 80, 8, UINT64_MAX - 7, "out of order" },
	{ SUPER, "", 80, 8, UINT64_MAX, "damaged" },

	/* metadata blocks */
	{ INODES, "", 0, 2, 0x8000, "the size of a metadata block" },
	{ INODES, "", 0, 2, 0xa001, "the size of a metadata block" },
	{ INODES, "", 0, 2, 0x2000, "metadata: it cannot be decoded" },
	{ INODES, "", 0, 2, 0x8001, "damaged" },
	{ NAMES, "", 0, 2, 0x8001, "damaged" },

	/* inodes */
	{ INODE, "su", 0, 2, 0, "bin/su: it is of an unknown kind" },
	{ INODE, "su", 0, 2, 15, "bin/su: it is of an unknown kind" },
	{ INODE, "su", 0, 2, 3, "bin/su: it is a link without a target" },
	{ INODE, "su", 0, 2, 6, "disagree" },
	{ INODE, "su", 2, 2, 0100644, "bin/su: the squashfs image is damaged: the mode" },
	{ INODE, "su", 4, 2, 99, "bin/su: the squashfs image is damaged: the number" },
	{ INODE, "su", 6, 2, 99, "the number of an owner" },
	{ INODE, "su", 12, 4, 0, "the number of an inode" },
	{ INODE, "su", 12, 4, 1000, "the number of an inode" },
	{ INODE, "su", 12, 4, 7, "disagree" },
	{ INODE, "su", 16, 8, 0, "bin/su: the squashfs image is damaged: the place" },
	{ INODE, "su", 16, 8, UINT64_MAX - 99, "the place of a block" },
	{ INODE, "su", 24, 8, UINT64_C(1) << 63, "the size of a file" },
	{ INODE, "su", 24, 8, UINT64_C(1) << 60, "bin/su: " },
	{ INODE, "su", 24, 8, 4000, "bin/su: the squashfs image is damaged: " },
	{ INODE, "su", 40, 4, 1, "an inode has more names than it says" },
	{ INODE, "su", 44, 4, 99, "the number of a fragment" },
	{ INODE, "secret", 20, 4, 1, "etc/secret: the squashfs image is damaged: the n" },
	{ INODE, "secret", 24, 4, 4090, "etc/secret: the squashfs image is damaged: the p" },
	{ INODE, "secret", 24, 4, 4097, "the place of a file in a fragment" },
	{ INODE, "secret", 24, 4, 0xfffffffe, "the place of a file in a fragment" },
	{ INODE, "ping", 52, 4, 99, "bin/ping: the squashfs image is damaged: the num" },
	{ INODE, "su", 56, 4, 4097, "the size of a block" },
	{ INODE, "su", 56, 4, 1 << 24, "the size of a block" },
	{ INODE, "su", 56, 4, 1u << 31 | 100, "the size of a block" },
	{ INODE, "su", 56, 4, 4096, "bin/su: the squashfs image is damaged: a block: it" },
	{ INODE, "su", 56, 4, 1 << 24 | 4000, "a block has another size" },
	{ INODE, "su", 56, 4, 0, NULL },	/* a hole */
	{ INODE, "sh", 20, 4, 0, "bin/bash: it is a link without a target" },
	{ INODE, "sh", 20, 4, 4096, "bin/bash: its target is too long" },
	{ INODE, "sh", 20, 4, 0xffffffff, "bin/bash: its target is too long" },
	{ INODE, "sh", 24, 1, 0, "the target of a link" },
	{ INODE, "empty", 16, 4, 1 << 20, NULL },	/* it has no list */
	{ INODE, "dev", 16, 4, 1 << 20, "dev: the squashfs image is damaged: " },
	{ INODE, "dev", 24, 2, 10, "dev: the squashfs image is damaged: the list" },
	{ INODE, "dev", 26, 2, 8192, "dev: the squashfs image is damaged: a reference" },

	/* directories */
	{ ENTRY, "su", 8, 1, '/', "bin: the name /u in it has a slash" },
	{ ENTRY, "su", 8, 2, '.' | '.' << 8, "bin: the name .. in it could lead outside" },
	{ ENTRY, "su", 9, 1, 0, "bin: the squashfs image is damaged: a name in it has a NUL" },
	{ ENTRY, "su", 8, 2, 's' | 'h' << 8, "bin: its name sh is there twice" },
	{ ENTRY, "su", 8, 1, 'a', "bin: its name au is there twice or out of order" },
	{ ENTRY, "su", 6, 2, 255, "bin: a name in it is too long" },
	{ ENTRY, "su", 6, 2, 0xffff, "bin: a name in it is too long" },
	{ ENTRY, "su", 4, 2, 1, "bin/su: the squashfs image is damaged: a directory and" },
	{ ENTRY, "su", 4, 2, 8, "bin: the squashfs image is damaged: the kind of a directory" },
	{ ENTRY, "su", 2, 2, 100, "bin/su: the squashfs image is damaged: a directory and" },
	{ ENTRY, "su", 0, 2, 8191, "bin/su: " },
	{ ENTRY, "bash", -12, 4, 256, "bin: the squashfs image is damaged: the list" },
	{ ENTRY, "bash", -12, 4, 100, "bin: the squashfs image is damaged: the list" },
	{ ENTRY, "bash", -8, 4, 1 << 30, "bin/bash: the squashfs image is damaged: a ref" },

	/* the other tables */
	{ FRAGMENTS, "", 0, 8, UINT64_MAX, "the place of a block" },
	{ FRAGMENTS, "", 8, 4, 4097, "the size of a block" },
	{ FRAGMENTS, "", 8, 4, 1 << 24 | 10, "a block has another size than its file says" },
	{ FRAGMENTS, "", 8, 4, 0, "the size of a block" },
	{ ID_INDEX, "", 0, 8, 0, "a table begins in the superblock" },
	{ ID_INDEX, "", 0, 8, UINT64_MAX, "the index of a table" },
	{ IDS, "", 0, 4, UINT32_MAX, "/: the number of its owner or group is out of range" },
	{ ATTRS, "", 0, 8, UINT64_MAX, "a reference leads behind its end" },
	{ ATTRS, "", 8, 4, 257, "it has too many attributes" },
	{ ATTRS, "", 8, 4, 200, "damaged" },
	{ VALUES, "", 0, 2, 9, NULL },		/* of a kind that nobody can set */
	{ VALUES, "", 0, 2, 0x100, "the value of an attribute" },
	{ VALUES, "", 2, 2, 0, "the name of an attribute" },
	{ VALUES, "", 2, 2, 256, "the name of an attribute" },
	{ VALUES, "", 4, 1, 0, "the name of an attribute" },
};

static void check_wrong(const struct wrong *f, size_t i)
{
	struct world w;
	struct image x;
	int rc;

	begin(&w);
	x = image_load(&w, "raw");
	put(&x, place_of(&x, f) + (size_t)f->at, f->size, f->value);
	rc = unpack_file(&w, &x, NULL, NULL);
	if (!f->fault && rc < 0) test_fail(__FILE__, __LINE__, "%zu: %s", i, w.e.text);
	if (f->fault && (rc == 0 || !strstr(w.e.text, f->fault)))
		test_fail(__FILE__, __LINE__, "%zu: '%s' instead of '%s'", i, w.e.text,
		          f->fault);
	world_drop(&w);
}

TEST(each_thing_that_is_wrong_is_told)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) check_wrong(&wrong[i], i);
}

/* The entry of "var/a/below" becomes one for "var". "many" is the first behind the header that
 * "var" stands behind, too; "below" has one of its own. */
TEST(a_directory_in_itself_is_refused)
{
	struct world w;
	struct image x;
	size_t below, var, inode, block;

	begin(&w);
	x = image_load(&w, "raw");
	below = entry_of(&x, "below");
	var = entry_of(&x, "var");
	block = get(&x, entry_of(&x, "many") - 8, 4);
	inode = get(&x, 64, 8) + block + 2 + get(&x, var, 2);
	CHECK_INT(get(&x, inode, 4), 1 | 01777 << 16);
	put(&x, below - 8, 4, block);
	put(&x, below - 4, 4, get(&x, inode + 12, 4));
	put(&x, below, 2, get(&x, var, 2));
	put(&x, below + 2, 2, 0);
	CHECK_INT(unpack_file(&w, &x, NULL, NULL), -1);
	CHECK_STR(w.e.text,
	          "archive entry var/a/below: it is a directory that has another name");
	world_drop(&w);
}

TEST(an_end_anywhere_is_told)
{
	for (size_t cut = 4; cut < 12000; cut += 611) {
		struct world w;
		struct image x;

		begin(&w);
		x = image_load(&w, "zstd");
		x.n -= cut;
		CHECK_INT(unpack_pipe(&w, &x, NULL, 65536, NULL), -1);
		CHECK(strstr(w.e.text, "the archive ends too early"));
		world_drop(&w);
	}
}

/* Nobody says the same of damage in a block, but each of the three decoders notices. */
TEST(damage_in_a_block_is_told)
{
	static const char *const names[] = { "gzip", "xz", "zstd" };

	for (size_t i = 0; i < 3; i++) {
		struct world w;
		struct image x;

		begin(&w);
		x = image_load(&w, names[i]);
		for (size_t at = 110; at < 140; at++) x.data[at] ^= 0x55;
		CHECK_INT(unpack_file(&w, &x, NULL, NULL), -1);
		CHECK_STR(w.e.text, "archive entry bin/ping: the squashfs image is damaged: a "
		          "block: it cannot be decoded");
		world_drop(&w);
	}
}

TEST(the_limits_hold)
{
	static const struct {
		struct unpack_limits limits;
		const char *fault;
	} tries[] = {
		{ { .entries = 100 }, "the archive has more than 100 files; --max-files" },
		{ { .entries = 338 }, "the archive has more than 338 files; --max-files" },
		{ { .entries = 345 }, NULL },
		{ { .bytes = 20000 }, "the archive unpacks to more than 0.0 MiB; --max-size" },
		{ { .bytes = 600000 }, NULL },
	};

	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		struct world w;
		struct image x;
		int rc;

		begin(&w);
		x = image_load(&w, "large");
		rc = unpack_file(&w, &x, &tries[i].limits, NULL);
		if (!tries[i].fault && rc < 0) CHECK_STR(w.e.text, "");
		if (tries[i].fault && (!rc || !strstr(w.e.text, tries[i].fault)))
			CHECK_STR(w.e.text, tries[i].fault);
		world_drop(&w);
	}
}

/* What a pipe brings is stored, so that counts too. */
TEST(an_image_larger_than_the_limit_is_not_stored)
{
	struct world w;
	struct image x;

	begin(&w);
	x = image_load(&w, "raw");
	CHECK_INT(unpack_pipe(&w, &x, &(struct unpack_limits){ .bytes = 30000 }, 4096, NULL),
	          -1);
	CHECK(strstr(w.e.text, "--max-size"));
	world_drop(&w);
}
