#include "lib/disk/passes.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#include "lib/archive/pack.h"
#include "lib/archive/same.h"
#include "lib/base/wait.h"
#include "lib/disk/export_tree.h"
#include "tests/unit/root_world.h"

/* inside/ is the jail that is sent, outside/ what is next to the box, box/ where it comes. */
struct both {
	struct world w;
	int work;
	struct err e;
};

static void begin(struct both *b)
{
	if (geteuid() != 0) SKIP("only root may unpack");
	world_make(&b->w);
	signals_catch();
	b->e = (struct err){ 0 };
	mkdirat(b->w.top, "box", 0700);
	b->work = openat(b->w.top, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void end(struct both *b)
{
	close(b->work);
	world_drop(&b->w);
}

struct bytes {
	char *s;
	size_t n;
};

/* -- sent -- */

static void add_text(struct pack *p, const char *path, const char *text)
{
	const struct tar_entry n = { .path = path, .mode = S_IFREG | 0600,
				     .size = strlen(text) };

	CHECK_INT(pack_entry(p, &n, NULL), 0);
	CHECK_INT(pack_add(p, text, strlen(text), NULL), 0);
}

/* An archive with what `fill` adds to it. */
static struct bytes make(struct both *b, void (*fill)(struct both *, struct pack *, void *),
                         void *arg)
{
	int fd = memfd_create("archive", 0), spool = memfd_create("spool", 0);
	char hex[SHA256_HEX + 1];
	struct arena m = { 0 };
	struct bytes out;
	struct pack p;

	pack_begin(&p, &m, SQUEEZE_ZSTD, fd, spool);
	add_text(&p, PACK_HEAD, PACK_FORMAT "\njail=web\n");
	add_text(&p, PACK_CONFIG, "startup=0\n");
	fill(b, &p, arg);
	CHECK_INT(pack_end(&p, hex, NULL), 0);
	pack_free(&p);
	arena_free(&m);
	out.n = (size_t)lseek(fd, 0, SEEK_END);
	out.s = arena_alloc(&b->w.m, out.n);
	CHECK_INT(pread(fd, out.s, out.n, 0), out.n);
	close(fd);
	close(spool);
	return out;
}

static void add_jail(struct both *b, struct pack *p, void *there)
{
	struct export_tree t = { .to = p, .name = PACK_ROOT, .there = there, .reached =
				 &(uint64_t){ 0 } };

	if (export_tree(&t, b->w.root, &b->e) < 0) CHECK_STR(b->e.text, "");
}

/* What the box has, as the other side is told. */
static struct have there(struct both *b)
{
	struct have all = { .m = &b->w.m };
	struct passes p;

	CHECK_INT(passes_open(&b->w.m, b->work, true, &p, NULL), 0);
	for (size_t i = 0; i < p.n; i++)
		have_add(&all, p.v[i].have.v, p.v[i].have.n * sizeof *p.v[i].have.v);
	have_sort(&all);
	passes_close(&p);
	return all;
}

static struct bytes send_jail(struct both *b)
{
	struct have h = there(b);

	return make(b, add_jail, &h);
}

/* -- received -- */

static int feed(struct both *b, struct passes *p, struct bytes d)
{
	const struct unpack_limits limits = { .is_export = true, .known = &p->known };
	struct unpack u = { 0 };
	int rc;

	CHECK_INT(passes_begin(p, "me", &b->e), 0);
	CHECK_INT(unpack_begin(&u, p->tree, &limits, &b->e), 0);
	rc = unpack_feed(&u, d.s, d.n, &b->e);
	if (rc == 0) rc = unpack_end(&u, NULL, &b->e);
	unpack_abort(&u);
	CHECK_INT(passes_note(p, true, NULL), 0);
	return rc == 0 ? passes_end(p, &b->e) : -1;
}

static int receive(struct both *b, struct bytes d)
{
	struct passes p;
	int rc;

	b->e = (struct err){ 0 };
	CHECK_INT(passes_open(&b->w.m, b->work, true, &p, &b->e), 0);
	rc = feed(b, &p, d);
	passes_close(&p);
	return rc;
}

static void receive_well(struct both *b, struct bytes d)
{
	if (receive(b, d) < 0) CHECK_STR(b->e.text, "");
}

static struct stat look(struct both *b, const char *path)
{
	struct stat st = { 0 };

	if (fstatat(b->work, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		test_fail(__FILE__, __LINE__, "%s is not there", path);
	return st;
}

static bool is_there(struct both *b, const char *path)
{
	return faccessat(b->work, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *text_of(struct both *b, const char *path)
{
	const char *text = read_file(&b->w.m, b->work, path, 8 << 20, NULL, NULL);

	return text ? text : "(none)";
}

static ino_t inode(struct both *b, const char *path)
{
	return look(b, path).st_ino;
}

/* -- a jail -- */

static void fill_jail(struct both *b)
{
	int root = b->w.root, fd;

	mkdirat(root, "dir", 0750);
	put(&b->w, "dir/kept", "kept");
	put(&b->w, "dir/changed", "before");
	put(&b->w, "mode", "the same words");
	put(&b->w, "gone", "gone");
	put(&b->w, "empty", "");
	put(&b->w, "moved", "what the parent finishes");
	fd = openat(root, "moved", O_RDONLY);
	if (fsetxattr(fd, "trusted.overlay.origin", "x", 1, 0) < 0) SKIP("no attributes here");
	close(fd);
	CHECK_INT(linkat(root, "dir/kept", root, "name", 0), 0);
	CHECK_INT(symlinkat("dir/kept", root, "link"), 0);
	fd = openat(root, "holes", O_WRONLY | O_CREAT, 0600);
	CHECK_INT(pwrite(fd, "end", 3, 5 << 20), 3);
	fsetxattr(fd, "user.a", "b", 1, 0);
	close(fd);
	fd = openat(root, "dir", O_RDONLY);
	futimens(fd, (struct timespec[2]){ { 7, 0 }, { 7, 5 } });
	close(fd);
}

TEST(the_second_pass_links_what_has_not_changed)
{
	struct bytes first, second;
	struct both b;
	int fd;

	begin(&b);
	fill_jail(&b);
	first = send_jail(&b);
	receive_well(&b, first);
	put(&b.w, "dir/changed", "after");
	fchmodat(b.w.root, "mode", 0700, 0);
	unlinkat(b.w.root, "gone", 0);
	fd = openat(b.w.root, "dir", O_RDONLY);
	futimens(fd, (struct timespec[2]){ { 7, 0 }, { 9, 5 } });
	close(fd);
	second = send_jail(&b);
	receive_well(&b, second);
	CHECK_INT(inode(&b, ".passes/2/rootfs/dir/kept"),
	          inode(&b, ".passes/1/rootfs/dir/kept"));
	CHECK_INT(inode(&b, ".passes/2/rootfs/name"), inode(&b, ".passes/1/rootfs/dir/kept"));
	CHECK_INT(inode(&b, ".passes/2/rootfs/holes"), inode(&b, ".passes/1/rootfs/holes"));
	CHECK(inode(&b, ".passes/2/rootfs/mode") != inode(&b, ".passes/1/rootfs/mode"));
	CHECK_INT(look(&b, ".passes/2/rootfs/mode").st_mode, S_IFREG | 0700);
	CHECK_INT(look(&b, ".passes/1/rootfs/mode").st_mode, S_IFREG | 0644);
	CHECK_STR(text_of(&b, ".passes/2/rootfs/dir/changed"), "after");
	CHECK_STR(text_of(&b, ".passes/1/rootfs/dir/changed"), "before");
	CHECK(!is_there(&b, ".passes/2/rootfs/gone") && !is_there(&b, ".passes/2/same"));
	/* Nobody knows whether it has its attribute. */
	CHECK(inode(&b, ".passes/2/rootfs/moved") != inode(&b, ".passes/1/rootfs/moved"));
	CHECK(is_there(&b, ".passes/2/rootfs/empty") && is_there(&b, ".passes/2/rootfs/link"));
	CHECK_INT(look(&b, ".passes/1/rootfs/dir").st_mtim.tv_sec, 7);
	CHECK_INT(look(&b, ".passes/2/rootfs/dir").st_mtim.tv_sec, 9);
	CHECK_INT(look(&b, ".passes/2/rootfs/dir").st_mode, S_IFDIR | 0750);
	end(&b);
}

TEST(the_jail_comes_to_its_place)
{
	struct passes p;
	struct both b;

	begin(&b);
	fill_jail(&b);
	receive_well(&b, send_jail(&b));
	for (int i = 0; i < 2; i++) {
		CHECK_INT(passes_open(&b.w.m, b.work, true, &p, &b.e), 0);
		CHECK(passes_are_from(&p, "me") && !passes_are_from(&p, "m"));
		CHECK_INT(p.whole, 1);
		CHECK_INT(passes_lift(&p, &b.e), 0);
		passes_close(&p);
	}
	CHECK_INT(passes_delete(b.work, &b.e), 0);
	CHECK_STR(text_of(&b, "config"), "startup=0\n");
	CHECK_STR(text_of(&b, "rootfs/dir/kept"), "kept");
	CHECK_INT(look(&b, "rootfs/dir/kept").st_nlink, 2);
	end(&b);
}

static void settle(struct both *b, int (*how)(const struct passes *, struct err *))
{
	struct passes p;

	CHECK_INT(passes_open(&b->w.m, b->work, false, &p, &b->e), 0);
	if (how(&p, &b->e) < 0) CHECK_STR(b->e.text, "");
	passes_close(&p);
}

static void begin_standby(struct both *b)
{
	begin(b);
	fill_jail(b);
	receive_well(b, send_jail(b));
	settle(b, passes_lift);
	settle(b, passes_keep_list);
	CHECK_INT(passes_delete(b->work, &b->e), 0);
}

TEST(a_standby_gets_a_new_tree_by_an_exchange)
{
	struct both b;
	ino_t kept;

	begin_standby(&b);
	kept = inode(&b, "rootfs/dir/kept");
	CHECK(there(&b).n > 3);
	put(&b.w, "mode", "other words");
	receive_well(&b, send_jail(&b));
	CHECK_STR(text_of(&b, "rootfs/mode"), "the same words");
	settle(&b, passes_exchange);
	CHECK_STR(text_of(&b, "rootfs/mode"), "other words");
	CHECK_STR(text_of(&b, ".passes/1/rootfs/mode"), "the same words");
	/* A tree that is the old one now has no list any more. */
	CHECK(!is_there(&b, ".passes/1.list") && !is_there(&b, ".passes/whole"));
	CHECK_INT(inode(&b, "rootfs/dir/kept"), kept);
	CHECK_INT(passes_delete(b.work, &b.e), 0);
	CHECK_INT(look(&b, "rootfs/dir/kept").st_nlink, 2);
	receive_well(&b, send_jail(&b));
	CHECK_INT(inode(&b, ".passes/1/rootfs/mode"), inode(&b, "rootfs/mode"));
	passes_forget_list(b.work);
	CHECK_INT(passes_delete(b.work, &b.e), 0);
	CHECK_INT(there(&b).n, 0);
	end(&b);
}

/* As after a kill: `old_to` is the place of the old root file system, if it is moved already,
 * and `new_is_in` says whether the new one is in its place. */
static void cut_exchange(struct both *b, const char *old_to, bool new_is_in)
{
	const char *swap = arena_printf(&b->w.m, "1 %ju", (uintmax_t)
	                                inode(b, ".passes/1/rootfs"));
	int dir = openat(b->work, ".passes", O_RDONLY | O_DIRECTORY);

	CHECK_INT(renameat(dir, "1.list", b->work, ".rootfs.list.new"), 0);
	CHECK_INT(replace_file(dir, "swap", swap, strlen(swap), 0600, NULL), 0);
	CHECK_INT(unlinkat(dir, "whole", 0), 0);
	if (old_to) CHECK_INT(renameat(b->work, "rootfs", b->work, ".passes/1/old"), 0);
	if (new_is_in) CHECK_INT(renameat(b->work, ".passes/1/rootfs", b->work, "rootfs"), 0);
	if (old_to) CHECK_INT(renameat(b->work, ".passes/1/old", b->work, old_to), 0);
	close(dir);
}

TEST(an_exchange_that_was_cut_is_finished)
{
	static const char *const old_to[] = { NULL, ".passes/1/old", ".passes/1/rootfs" };
	struct both b;

	for (int i = 0; i < 3; i++) {
		begin_standby(&b);
		CHECK_INT(replace_file(b.work, "config", "old\n", 4, 0600, NULL), 0);
		CHECK_INT(passes_settle(b.work, &b.e), 0);
		put(&b.w, "mode", "other words");
		receive_well(&b, send_jail(&b));
		CHECK_INT(passes_settle(b.work, &b.e), 0);
		CHECK_STR(text_of(&b, "config"), "old\n");
		cut_exchange(&b, old_to[i], i == 2);
		for (int again = 0; again < 2; again++)
			if (passes_settle(b.work, &b.e) < 0) CHECK_STR(b.e.text, "");
		CHECK_STR(text_of(&b, "rootfs/mode"), "other words");
		CHECK_STR(text_of(&b, "config"), "startup=0\n");
		CHECK(is_there(&b, ".rootfs.list") && !is_there(&b, ".passes/swap"));
		CHECK_INT(passes_delete(b.work, &b.e), 0);
		receive_well(&b, send_jail(&b));
		CHECK_INT(inode(&b, ".passes/1/rootfs/mode"), inode(&b, "rootfs/mode"));
		end(&b);
	}
}

static void make_many(struct both *b)
{
	char *text = arena_alloc(&b->w.m, 200001);

	for (size_t i = 0; i < 200000; i++) text[i] = (char)('a' + rand() % 26);
	for (int i = 0; i < 40; i++) {
		text[200000 - i * 4000] = 0;
		put(&b->w, arena_printf(&b->w.m, "file-%d", i), text);
	}
}

static const char *get_all(struct both *b, const char *name)
{
	return read_file(&b->w.m, b->w.root, name, 1 << 20, NULL, NULL);
}

TEST(wherever_a_pass_is_cut_the_next_one_goes_on)
{
	enum { CUTS = 12 };
	struct bytes all, rest;
	struct both b;

	begin(&b);
	make_many(&b);
	all = send_jail(&b);
	for (size_t i = 1; i <= CUTS; i++) {
		struct bytes cut = send_jail(&b);

		cut.n = cut.n * (i % 4 + 1) / 5;
		CHECK_INT(receive(&b, cut), -1);
	}
	rest = send_jail(&b);
	CHECK(rest.n < all.n / 2);
	receive_well(&b, rest);
	for (int i = 0; i < 40; i++) {
		const char *name = arena_printf(&b.w.m, "file-%d", i);
		const char *path = arena_printf(&b.w.m, ".passes/%d/rootfs/%s", CUTS + 1, name);

		CHECK_STR(text_of(&b, path), get_all(&b, name));
	}
	end(&b);
}

TEST(no_more_passes_are_kept_than_are_of_use)
{
	struct both b;
	const char *path;

	begin(&b);
	fill_jail(&b);
	for (int i = 0; i < PASSES_MAX + 2; i++)
		receive_well(&b, send_jail(&b));
	CHECK(!is_there(&b, ".passes/1") && !is_there(&b, ".passes/1.list"));
	CHECK(is_there(&b, ".passes/3"));
	path = arena_printf(&b.w.m, ".passes/%d/rootfs/mode", PASSES_MAX + 2);
	CHECK_INT(look(&b, path).st_nlink, PASSES_MAX + 1);
	end(&b);
}

/* -- hostile -- */

struct lie {
	const char *path;
	unsigned char sum[HAVE_HASH];
};

static void add_lie(struct both *b, struct pack *p, void *arg)
{
	const struct lie *l = arg;
	const struct tar_entry dir = { .path = "rootfs", .mode = S_IFDIR | 0755 };
	const struct tar_entry n = { .path = l->path, .mode = S_IFREG | 0600,
				     .size = HAVE_HASH };

	(void)b;
	CHECK_INT(pack_entry(p, &dir, NULL), 0);
	CHECK_INT(pack_entry(p, &n, NULL), 0);
	CHECK_INT(pack_add(p, l->sum, HAVE_HASH, NULL), 0);
}

static void refuse_lie(struct both *b, const char *path, const unsigned char sum[HAVE_HASH])
{
	struct lie l = { .path = path };

	if (sum) memcpy(l.sum, sum, HAVE_HASH);
	CHECK_INT(receive(b, make(b, add_lie, &l)), -1);
	CHECK_INT(b->e.kind, ERR_UNTRUSTED);
}

static const unsigned char *sum_of(struct both *b, const char *path)
{
	struct have_record *r = arena_alloc(&b->w.m, sizeof *r);
	struct have h = there(b);

	have_path(path, r->path);
	for (size_t i = 0; i < h.n; i++)
		if (!memcmp(h.v[i].path, r->path, HAVE_HASH)) return h.v[i].sum;
	return NULL;
}

TEST(only_what_the_list_has_is_linked_and_only_there)
{
	static const char *const paths[] = {
		"same/rootfs/other", "same/rootfs/dir", "same/config", "same/jlmkr-export",
		"same/rootfs", "same/../outside/secret", "same/rootfs/../../outside/secret",
		"same//etc/shadow", "same/rootfs/dir/kept", "same/same/rootfs/dir/kept",
	};
	struct both b;

	begin(&b);
	fill_jail(&b);
	receive_well(&b, send_jail(&b));
	CHECK(sum_of(&b, "rootfs/dir/kept") && !sum_of(&b, "config") &&
	      !sum_of(&b, "rootfs/empty"));
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		/* The hash of another file, or none. */
		refuse_lie(&b, paths[i], sum_of(&b, "rootfs/dir/changed"));
		refuse_lie(&b, paths[i], NULL);
	}
	CHECK(!sum_of(&b, "rootfs/other"));
	end(&b);
}

TEST(what_is_not_the_file_any_more_is_not_linked)
{
	int dir;
	struct both b;

	begin(&b);
	fill_jail(&b);
	receive_well(&b, send_jail(&b));
	CHECK_INT(mkdirat(b.w.outside, "dir", 0755), 0);
	dir = openat(b.w.outside, "dir/kept", O_WRONLY | O_CREAT, 0600);
	close(dir);
	dir = openat(b.work, ".passes/1/rootfs", O_RDONLY);
	/* A link in the way, in place of the file, another kind, nothing. */
	CHECK_INT(renameat(dir, "dir", dir, "away"), 0);
	CHECK_INT(symlinkat("../../../../outside/dir", dir, "dir"), 0);
	refuse_lie(&b, "same/rootfs/dir/kept", sum_of(&b, "rootfs/dir/kept"));
	CHECK_INT(unlinkat(dir, "dir", 0), 0);
	refuse_lie(&b, "same/rootfs/dir/kept", sum_of(&b, "rootfs/dir/kept"));
	CHECK_INT(renameat(dir, "away", dir, "dir"), 0);
	CHECK_INT(unlinkat(dir, "mode", 0) + symlinkat("dir/kept", dir, "mode"), 0);
	refuse_lie(&b, "same/rootfs/mode", sum_of(&b, "rootfs/mode"));
	CHECK_INT(unlinkat(dir, "gone", 0) + mkfifoat(dir, "gone", 0600), 0);
	refuse_lie(&b, "same/rootfs/gone", sum_of(&b, "rootfs/gone"));
	CHECK_INT(look(&b, ".passes/1/rootfs/dir/kept").st_nlink, 2);
	close(dir);
	end(&b);
}

static void add_twice(struct both *b, struct pack *p, void *arg)
{
	struct lie *l = arg;
	const struct tar_entry file = { .path = "rootfs/dir/kept", .mode = S_IFREG | 0600,
					.size = 5 };

	add_lie(b, p, l);
	/* Opened for writing, it would change the first tree. */
	CHECK_INT(pack_entry(p, &file, NULL), 0);
	CHECK_INT(pack_add(p, "other", 5, NULL), 0);
}

TEST(a_file_that_was_linked_is_replaced_and_not_changed)
{
	struct lie l = { .path = "same/rootfs/dir/kept" };
	struct both b;

	begin(&b);
	fill_jail(&b);
	receive_well(&b, send_jail(&b));
	memcpy(l.sum, sum_of(&b, "rootfs/dir/kept"), HAVE_HASH);
	receive_well(&b, make(&b, add_twice, &l));
	CHECK_STR(text_of(&b, ".passes/2/rootfs/dir/kept"), "other");
	CHECK_STR(text_of(&b, ".passes/1/rootfs/dir/kept"), "kept");
	end(&b);
}

static void add_config(struct both *b, struct pack *p, void *arg)
{
	const struct tar_entry dir = { .path = "rootfs", .mode = S_IFDIR | 0755 };
	const struct tar_entry *last = arg;

	(void)b;
	CHECK_INT(pack_entry(p, &dir, NULL), 0);
	add_text(p, "rootfs/mine", "startup=1\n");
	CHECK_INT(pack_entry(p, last, NULL), 0);
}

/* The jail could change what root runs, or see what root reads. */
TEST(a_config_is_a_file_with_one_name)
{
	struct tar_entry link = { .path = "config", .link = "/etc/shadow",
				  .mode = S_IFLNK | 0777 };
	struct tar_entry hard = { .path = "config", .link = "rootfs/mine", .hard = true,
				  .mode = S_IFREG };
	struct tar_entry fifo = { .path = "config", .mode = S_IFIFO | 0600 };
	struct tar_entry open = { .path = "rootfs/again", .link = "config", .hard = true,
				  .mode = S_IFREG };
	struct both b;

	begin(&b);
	CHECK_INT(receive(&b, make(&b, add_config, &link)), -1);
	CHECK_STR(b.e.text, "what was received has no file config");
	CHECK_INT(receive(&b, make(&b, add_config, &fifo)), -1);
	CHECK(!is_there(&b, ".passes/whole"));
	receive_well(&b, make(&b, add_config, &hard));
	CHECK_STR(text_of(&b, ".passes/3/config"), "startup=1\n");
	CHECK_INT(look(&b, ".passes/3/config").st_nlink, 1);
	CHECK_INT(look(&b, ".passes/3/config").st_mode, S_IFREG | 0600);
	receive_well(&b, make(&b, add_config, &open));
	CHECK_INT(look(&b, ".passes/4/config").st_nlink, 1);
	CHECK_STR(text_of(&b, ".passes/4/config"), "startup=0\n");
	end(&b);
}

TEST(a_list_that_is_damaged_makes_the_file_be_sent)
{
	struct both b;
	int fd;

	begin(&b);
	fill_jail(&b);
	receive_well(&b, send_jail(&b));
	fd = openat(b.work, ".passes/1.list", O_WRONLY);
	CHECK_INT(ftruncate(fd, sizeof(struct have_record) * 2 - 5), 0);
	close(fd);
	CHECK_INT(there(&b).n, 1);
	receive_well(&b, send_jail(&b));
	CHECK_STR(text_of(&b, ".passes/2/rootfs/dir/changed"), "before");
	/* A list without its tree, a tree without its list. */
	unlinkat(b.work, ".passes/2.list", 0);
	CHECK_INT(there(&b).n, 1);
	CHECK_INT(renameat(b.work, ".passes/1", b.work, "away"), 0);
	receive_well(&b, send_jail(&b));
	CHECK(is_there(&b, ".passes/3") && !is_there(&b, ".passes/1.list"));
	end(&b);
}

TEST(questions_of_the_child_are_checked)
{
	static const char *const bad[] = { "", "rootfs", "rootfs/", "rootfs/a/", "rootfs//a",
					   "rootfs/./a", "rootfs/../a", "/rootfs/a", "config",
					   "rootfsa/b" };
	const size_t before = offsetof(struct same, path);
	struct same s = { .magic = SAME_MAGIC, .path = "rootfs/a" };

	CHECK(same_is_question(&s, before + 9));
	CHECK(!same_is_question(&s, before + 8) && !same_is_question(&s, before + 10));
	CHECK(!same_is_question(&s, before) && !same_is_question(&s, sizeof s));
	s.magic++;
	CHECK(!same_is_question(&s, before + 9));
	s.magic--;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		strcpy(s.path, bad[i]);
		CHECK(!same_is_question(&s, before + strlen(bad[i]) + 1));
	}
}

TEST(lists)
{
	struct have_record r[3] = { { .path = { 9 } } };
	struct arena m = { 0 };
	struct have h = { .m = &m };

	CHECK(!have_knows(&h, "a"));
	have_path("b", r[1].path);
	have_path("b", r[2].path);
	r[2].sum[0] = 7;
	have_add(&h, r, sizeof r - 1);
	CHECK_INT(h.n, 2);
	have_sort(&h);
	CHECK(have_knows(&h, "b") && !have_knows(&h, "a"));
	CHECK(have_has(&h, "b", r[1].sum) && !have_has(&h, "b", r[2].sum));
	have_add(&h, &r[2], sizeof r[2]);
	have_sort(&h);
	CHECK(have_has(&h, "b", r[1].sum) && have_has(&h, "b", r[2].sum));
	CHECK(!have_has(&h, "a", r[1].sum));
	arena_free(&m);
}
