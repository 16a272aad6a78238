/* Layers of an image, one onto the other, in the confined child. */

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#include "lib/archive/layer.h"
#include "lib/archive/unpack.h"
#include "lib/base/auto.h"
#include "lib/base/sha256.h"
#include "lib/base/wait.h"
#include "tests/unit/archive_tar.h"
#include "tests/unit/disk_world.h"

static int apply_bytes(struct world *w, const void *data, size_t n,
                       const struct unpack_limits *limits, struct unpack_report *r)
{
	AUTOCLOSE int file = memfd_create("layer", MFD_CLOEXEC);
	struct unpack u;

	memset(&w->e, 0, sizeof w->e);
	signals_catch();
	CHECK_INT(write_all(file, data, n, &w->e), 0);
	if (unpack_begin_layer(&u, file, w->inside, limits, &w->e) < 0) return -1;
	return unpack_end(&u, r, &w->e);
}

static struct unpack_report apply_within(struct world *w, struct str *tar,
                                         const struct unpack_limits *limits)
{
	struct unpack_report r = { 0 };

	tar_end(tar);
	if (apply_bytes(w, tar->s, tar->len, limits, &r) < 0) CHECK_STR(w->e.text, "");
	tar->len = 0;
	return r;
}

static void apply(struct world *w, struct str *tar)
{
	apply_within(w, tar, NULL);
}

static void apply_badly(struct world *w, struct str *tar, const char *why)
{
	tar_end(tar);
	CHECK_INT(apply_bytes(w, tar->s, tar->len, NULL, NULL), -1);
	if (!strstr(w->e.text, why)) CHECK_STR(w->e.text, why);
	tar->len = 0;
}

static void begin(struct world *w, struct str *tar)
{
	if (geteuid() != 0) SKIP("only root may unpack");
	world_make(w);
	*tar = (struct str){ .m = &w->m };
}

/* The tree in one line, in the order of its names: "a/ a/b" */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_below(struct str *s, int dir, const char *prefix)
{
	struct dirent **names;
	int n = scandirat(dir, ".", &names, NULL, by_name);

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		AUTOCLOSE int below = -1;

		if (is_dots(name)) continue;
		below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		str_addf(s, "%s%s%s%s", s->len ? " " : "", prefix, name, below < 0 ? "" : "/");
		if (below < 0) continue;
		list_below(s, below, arena_printf(s->m, "%s%s/", prefix, name));
	}
	for (int i = 0; i < n; i++) free(names[i]);
	free(names);
}

static const char *tree(struct world *w)
{
	struct str s = { .m = &w->m };

	list_below(&s, w->inside, "");
	return str_text(&s);
}

static const char *text_of(struct world *w, const char *path)
{
	const char *text = read_file(&w->m, w->inside, path, 1 << 20, NULL, NULL);

	return text ? text : "(none)";
}

static struct stat look(const struct world *w, const char *path)
{
	struct stat st;

	if (fstatat(w->inside, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		test_fail(__FILE__, __LINE__, "%s is not there", path);
	return st;
}

static void three_files(struct world *w, struct str *tar)
{
	tar_add(tar, TAR_DIR, "d/", "", 0755);
	tar_file(tar, "d/a", "low a", 0644);
	tar_file(tar, "d/b", "low b", 0644);
	tar_file(tar, "d/t/x/y", "low y", 0644);
	apply(w, tar);
}

TEST(a_whiteout_takes_a_file_and_a_tree_of_lower_layers)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	three_files(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a d/b d/t/ d/t/x/ d/t/x/y");
	tar_file(&tar, "./d/.wh.a", "", 0);
	tar_file(&tar, "d/.wh.t", "", 0644);
	tar_file(&tar, "d/.wh.never", "", 0644);
	tar_file(&tar, "never/.wh.x", "", 0644);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/b");
	world_drop(&w);
}

/* Wherever in the layer it stands. */
TEST(a_whiteout_takes_nothing_of_its_own_layer)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	three_files(&w, &tar);
	tar_file(&tar, "d/a", "new a", 0644);
	tar_file(&tar, "d/t/new", "new", 0644);
	tar_file(&tar, "d/.wh.a", "", 0);
	tar_file(&tar, "d/.wh.t", "", 0);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a d/b d/t/ d/t/new");
	CHECK_STR(text_of(&w, "d/a"), "new a");
	world_drop(&w);
}

TEST(an_opaque_directory_keeps_what_comes_before_and_after)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	three_files(&w, &tar);
	tar_add(&tar, TAR_DIR, "d/", "", 0750);
	tar_file(&tar, "d/before", "", 0644);
	tar_file(&tar, "d/t/before", "", 0644);
	tar_file(&tar, "d/.wh..wh..opq", "", 0);
	tar_file(&tar, "d/b", "new b", 0644);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/b d/before d/t/ d/t/before");
	CHECK_STR(text_of(&w, "d/b"), "new b");
	CHECK_INT(look(&w, "d").st_mode, S_IFDIR | 0750);
	world_drop(&w);
}

TEST(an_opaque_root_empties_all)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	three_files(&w, &tar);
	tar_file(&tar, "new", "", 0644);
	tar_file(&tar, ".wh..wh..opq", "", 0);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "new");
	world_drop(&w);
}

TEST(the_lowest_layer_takes_nothing_and_reserved_names_are_never_made)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	tar_file(&tar, "d/.wh.a", "", 0);
	tar_file(&tar, "d/a", "kept", 0644);
	tar_add(&tar, TAR_DIR, ".wh..wh.plnk/", "", 0700);
	tar_file(&tar, ".wh..wh.plnk/1.2", "", 0644);
	tar_file(&tar, ".wh..wh.aufs", "", 0644);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a");
	tar_file(&tar, ".wh..wh.aufs", "", 0644);
	tar_file(&tar, ".wh.x/.wh.d", "", 0644);
	tar_file(&tar, ".wh.x/d", "", 0644);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a");
	world_drop(&w);
}

TEST(kinds_replace_each_other)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	three_files(&w, &tar);
	tar_add(&tar, TAR_LINK, "link", "d", 0777);
	tar_add(&tar, TAR_LINK, "l2", "d", 0777);
	tar_add(&tar, TAR_LINK, "l3", "/nowhere", 0777);
	apply(&w, &tar);
	tar_file(&tar, "d/t", "a file now", 0644);
	tar_add(&tar, TAR_DIR, "d/a/", "", 0700);
	tar_file(&tar, "d/a/in", "", 0644);
	tar_add(&tar, TAR_LINK, "d/b", "a", 0777);
	tar_add(&tar, TAR_DIR, "link/", "", 0755);
	tar_file(&tar, "link/own", "", 0644);
	tar_file(&tar, "l2", "a file", 0644);
	tar_add(&tar, TAR_FIFO, "l3", "", 0644);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a/ d/a/in d/b d/t l2 l3 link/ link/own");
	CHECK_STR(text_of(&w, "d/t"), "a file now");
	CHECK_INT(look(&w, "d/a").st_mode, S_IFDIR | 0700);
	CHECK_INT(look(&w, "d/b").st_mode & S_IFMT, S_IFLNK);
	CHECK_INT(look(&w, "l3").st_mode & S_IFMT, S_IFIFO);
	world_drop(&w);
}

TEST(a_directory_over_a_directory_changes_what_belongs_to_it)
{
	struct world w;
	struct str tar;
	struct tar_head h = tar_head(TAR_DIR, "d/", "", 01770, 0);

	begin(&w, &tar);
	three_files(&w, &tar);
	CHECK_INT(look(&w, "d/t").st_mode, S_IFDIR | 0755);
	tar_put(h.uid, sizeof h.uid, 33);
	tar_put(h.mtime, sizeof h.mtime, 1111111111);
	tar_seal(&h);
	str_addn(&tar, &h, sizeof h);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a d/b d/t/ d/t/x/ d/t/x/y");
	CHECK_INT(look(&w, "d").st_mode, S_IFDIR | 01770);
	CHECK_INT(look(&w, "d").st_uid, 33);
	CHECK_INT(look(&w, "d").st_mtime, 1111111111);
	tar_file(&tar, "d/new", "", 0644);
	apply(&w, &tar);
	CHECK_INT(look(&w, "d").st_mtime, 1111111111);
	world_drop(&w);
}

TEST(a_file_of_a_lower_layer_keeps_its_other_names)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	tar_file(&tar, "one", "low", 0644);
	tar_add(&tar, TAR_HARD, "two", "one", 0644);
	apply(&w, &tar);
	tar_file(&tar, "one", "high", 0644);
	tar_add(&tar, TAR_HARD, "/three", "/two", 0644);
	apply(&w, &tar);
	CHECK_STR(text_of(&w, "one"), "high");
	CHECK_STR(text_of(&w, "two"), "low");
	CHECK_STR(text_of(&w, "three"), "low");
	CHECK_INT(look(&w, "two").st_nlink, 2);
	world_drop(&w);
}

/* A merged /usr below, and a layer made for one that is not. */
TEST(links_of_lower_layers_are_followed_inside)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	tar_add(&tar, TAR_LINK, "lib", "usr/lib", 0777);
	tar_add(&tar, TAR_LINK, "abs", "/usr/lib", 0777);
	tar_add(&tar, TAR_LINK, "up", "../../../usr/lib", 0777);
	tar_file(&tar, "usr/lib/old", "old", 0644);
	tar_file(&tar, "usr/lib/t/x", "old", 0644);
	apply(&w, &tar);
	tar_file(&tar, "lib/one", "1", 0644);
	tar_file(&tar, "abs/two", "2", 0644);
	tar_file(&tar, "up/d/three", "3", 0644);
	tar_add(&tar, TAR_HARD, "four", "abs/old", 0644);
	tar_file(&tar, "lib/.wh.t", "", 0);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "abs four lib up usr/ usr/lib/ usr/lib/d/ usr/lib/d/three "
	          "usr/lib/old usr/lib/one usr/lib/two");
	CHECK_INT(look(&w, "four").st_nlink, 2);
	tar_file(&tar, "up/.wh..wh..opq", "", 0);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "abs four lib up usr/ usr/lib/");
	world_drop(&w);
}

/* The link goes, and what it leads to stays. */
TEST(a_whiteout_of_a_link_takes_the_link)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	three_files(&w, &tar);
	tar_add(&tar, TAR_LINK, "in", "d", 0777);
	tar_add(&tar, TAR_LINK, "out", "../outside", 0777);
	apply(&w, &tar);
	tar_file(&tar, ".wh.in", "", 0);
	tar_file(&tar, ".wh.out", "", 0);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a d/b d/t/ d/t/x/ d/t/x/y");
	world_check_outside(&w);
	world_drop(&w);
}

TEST(nothing_outside_is_reached)
{
	struct world w;
	struct str tar;
	const char *outside;

	begin(&w, &tar);
	outside = arena_printf(&w.m, "%s/outside", w.path);
	tar_add(&tar, TAR_LINK, "out", "../outside", 0777);
	tar_add(&tar, TAR_LINK, "abs", outside, 0777);
	tar_add(&tar, TAR_LINK, "proc", "/proc/self/cwd", 0777);
	tar_add(&tar, TAR_LINK, "loop", "loop", 0777);
	tar_file(&tar, "file", "", 0644);
	apply(&w, &tar);

	tar_file(&tar, "out/.wh.kept", "", 0);
	tar_file(&tar, "abs/.wh..wh..opq", "", 0);
	tar_file(&tar, "loop/.wh.x", "", 0);
	tar_file(&tar, "file/.wh.x", "", 0);
	apply(&w, &tar);
	tar_file(&tar, "out/new", "", 0644);
	apply_badly(&w, &tar, "it would go through the link out");
	tar_file(&tar, "abs/new", "", 0644);
	apply_badly(&w, &tar, "it would go through the link abs");
	tar_file(&tar, "loop/new", "", 0644);
	apply_badly(&w, &tar, "it would go through the link loop");
	tar_file(&tar, "file/new", "", 0644);
	apply_badly(&w, &tar, "it would be in file, which is not a directory");
	tar_add(&tar, TAR_HARD, "hard", "out/kept", 0644);
	apply_badly(&w, &tar, "hard link to out/kept");
	tar_add(&tar, TAR_HARD, "hard", "../outside/kept", 0644);
	apply_badly(&w, &tar, "contains ..");
	tar_file(&tar, "../outside/.wh.kept", "", 0);
	apply_badly(&w, &tar, "contains ..");
	CHECK_STR(tree(&w), "abs file loop out proc");
	world_check_outside(&w);
	world_drop(&w);
}

TEST(a_whiteout_of_its_own_directory_is_refused)
{
	static const char *const names[] = { "d/.wh.", "d/.wh..", "d/.wh...", ".wh.", ".wh../",
		                             "d/.wh./" };
	struct world w;
	struct str tar;

	begin(&w, &tar);
	three_files(&w, &tar);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		tar_file(&tar, names[i], "", 0);
		apply_badly(&w, &tar, "it would remove the directory that it is in");
	}
	CHECK_STR(tree(&w), "d/ d/a d/b d/t/ d/t/x/ d/t/x/y");
	world_drop(&w);
}

TEST(the_diff_id_is_that_of_the_tar_in_every_compression)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP,
		                       ARCHIVE_FILTER_ZSTD };
	struct world w;
	struct str tar;
	struct sha256 h;
	char want[SHA256_HEX + 1];

	begin(&w, &tar);
	tar_file(&tar, "d/a", "text", 0644);
	tar_file(&tar, "d/.wh.a", "", 0644);
	tar_end(&tar);
	str_addn(&tar, (char[3000]){ 0 }, 3000);
	sha256_begin(&h);
	sha256_add(&h, tar.s, tar.len);
	sha256_end(&h, want);
	for (size_t i = 0; i < 3; i++) {
		struct str packed = tar_squeeze(&tar, filters[i]);
		struct unpack_report r = { 0 };

		CHECK_INT(apply_bytes(&w, packed.s, packed.len, NULL, &r), 0);
		CHECK_STR(r.diff_id, want);
		CHECK_INT(r.entries, 1);
	}
	world_drop(&w);
}

TEST(a_layer_may_be_empty)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	apply(&w, &tar);
	three_files(&w, &tar);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/ d/a d/b d/t/ d/t/x/ d/t/x/y");
	world_drop(&w);
}

TEST(limits_are_those_of_all_layers_together)
{
	struct world w;
	struct str tar;
	struct unpack_limits limits = { .bytes = 8000, .entries = 5 };
	struct unpack_report r;

	begin(&w, &tar);
	tar_file(&tar, "d/a", "", 0644);
	tar_file(&tar, "b", "", 0644);
	r = apply_within(&w, &tar, &limits);
	CHECK_INT(r.used_entries, 3);
	CHECK_INT(r.used_bytes, 2048);
	limits.used_entries = r.used_entries;
	limits.used_bytes = r.used_bytes;
	tar_file(&tar, "c", "", 0644);
	tar_file(&tar, ".wh.b", "", 0644);
	r = apply_within(&w, &tar, &limits);
	CHECK_INT(r.used_entries, 5);
	limits.used_entries = r.used_entries;
	limits.used_bytes = r.used_bytes;
	tar_file(&tar, "d", "", 0644);
	tar_end(&tar);
	CHECK_INT(apply_bytes(&w, tar.s, tar.len, &limits, NULL), -1);
	CHECK_STR(w.e.text, "the archive has more than 5 files; --max-files "
	          "sets the limit");
	CHECK_STR(tree(&w), "c d/ d/a");
	limits.used_entries = 0;
	limits.used_bytes = 7000;
	CHECK_INT(apply_bytes(&w, tar.s, tar.len, &limits, NULL), -1);
	CHECK(strstr(w.e.text, "--max-size sets the limit"));
	world_drop(&w);
}

static void deep(struct str *tar, const char *top, int levels)
{
	struct str name = { .m = tar->m }, pax = { .m = tar->m };

	str_add(&name, top);
	for (int i = 0; i < levels; i++) str_add(&name, "/d");
	str_add(&name, "/f");
	pax_add(&pax, "path", name.s, name.len);
	tar_pax(tar, &pax);
	tar_file(tar, "x", "", 0644);
}

TEST(deep_trees_are_taken_away_and_deeper_ones_refused)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	deep(&tar, "top", 250);
	apply(&w, &tar);
	tar_file(&tar, ".wh.top", "", 0);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "");

	/* Through a link a path gets deeper than any name. */
	deep(&tar, "top", 200);
	apply(&w, &tar);
	for (int i = 0; i < 2; i++) {
		struct str pax = { .m = &w.m }, to = { .m = &w.m };

		str_add(&to, i ? "l1" : "top");
		for (int k = 0; k < 200; k++) str_add(&to, "/d");
		pax_add(&pax, "linkpath", to.s, to.len);
		tar_pax(&tar, &pax);
		tar_add(&tar, TAR_LINK, i ? "l2" : "l1", "x", 0777);
		deep(&tar, i ? "l2" : "l1", 200);
	}
	apply(&w, &tar);
	tar_file(&tar, ".wh.top", "", 0);
	apply_badly(&w, &tar, "directories deep");
	world_drop(&w);
}

TEST(many_files_are_taken_away)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	for (int i = 0; i < 3000; i++)
		tar_file(&tar, arena_printf(&w.m, "d/%d/a-name-of-some-length-%d", i % 7, i),
		         "", 0644);
	apply(&w, &tar);
	tar_file(&tar, "d/.wh..wh..opq", "", 0);
	apply(&w, &tar);
	CHECK_STR(tree(&w), "d/");
	world_drop(&w);
}

TEST(what_is_reserved)
{
	CHECK(layer_reserves(".wh.x"));
	CHECK(layer_reserves(".wh..wh..opq"));
	CHECK(layer_reserves("a/.wh.x"));
	CHECK(layer_reserves("a/.wh.x/b"));
	CHECK(!layer_reserves("a.wh.x"));
	CHECK(!layer_reserves("a/b.wh.x"));
	CHECK(!layer_reserves(".whx"));
	CHECK(!layer_reserves(""));
}
