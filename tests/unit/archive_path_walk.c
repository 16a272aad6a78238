#include "lib/archive/path_walk.h"

#include "tests/unit/disk_world.h"

static const char *clean(const char *name)
{
	static char out[PATH_MAX];

	return path_walk_clean(out, name, NULL) < 0 ? NULL : out;
}

TEST(names_are_cleaned)
{
	CHECK_STR(clean("etc/passwd"), "etc/passwd");
	CHECK_STR(clean("./etc//x/./y/"), "etc/x/y");
	CHECK_STR(clean("."), "");
	CHECK_STR(clean("./"), "");
	CHECK_STR(clean(""), "");
	CHECK_STR(clean("..."), "...");
	CHECK_STR(clean("..a/a..b/..."), "..a/a..b/...");
}

TEST(names_that_lead_outside_are_refused)
{
	static const char *const bad[] = { "/", "/etc", "//x", "..", "../x", "a/..", "a/../b",
	                                   "./..",
					   "a/./../x", "a//..//x" };
	char out[PATH_MAX];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };

		CHECK_INT(path_walk_clean(out, bad[i], &e), -1);
		CHECK_INT(e.kind, ERR_UNTRUSTED);
	}
}

TEST(names_have_a_length)
{
	char name[2 * PATH_MAX];

	memset(name, 'x', sizeof name);
	name[255] = 0;
	CHECK(clean(name));
	name[255] = 'x';
	name[256] = 0;
	CHECK(!clean(name));
	for (size_t i = 0; i < sizeof name; i++) name[i] = i % 2 ? '/' : 'x';
	name[PATH_MAX - 1] = 0;
	CHECK(clean(name));
	name[PATH_MAX - 1] = '/';
	name[sizeof name - 1] = 0;
	CHECK(!clean(name));
}

static struct step *go(struct path_walk *t, const char *path, struct err *e)
{
	return path_walk_go(t, path, strlen(path), e);
}

TEST(a_trail_makes_what_is_missing_and_restores_times)
{
	struct world w;
	struct path_walk t;
	struct stat before, after;
	struct step *s;

	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir -p inside/a/b; touch -d @5 inside/a inside/a/b"), 0);
	fstatat(w.inside, "a/b", &before, 0);
	CHECK_INT(path_walk_begin(&t, openat(w.inside, ".", O_RDONLY | O_DIRECTORY), NULL,
	                          &w.e), 0);
	CHECK((s = go(&t, "a/b/c/d", &w.e)));
	CHECK_INT(t.depth, 4);
	CHECK((s = go(&t, "a/bc", &w.e)));
	CHECK_INT(t.depth, 2);
	CHECK((s = go(&t, "a", &w.e)));
	CHECK_INT(t.depth, 1);
	CHECK((s = go(&t, "", &w.e)));
	CHECK_INT(t.depth, 0);
	CHECK_INT(path_walk_end(&t, &w.e), 0);
	fstatat(w.inside, "a/b", &after, 0);
	CHECK_INT(before.st_mtime, after.st_mtime);
	fstatat(w.inside, "a", &after, 0);
	CHECK_INT(after.st_mtime, 5);
	CHECK_INT(world_shell(&w, "test -d inside/a/b/c/d -a -d inside/a/bc"), 0);
	world_drop(&w);
}

TEST(what_a_trail_makes_counts)
{
	struct world w;
	struct path_walk t;
	struct quota quota = { 2, 7, false };
	int root;

	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir -p inside/there/already"), 0);
	root = openat(w.inside, ".", O_RDONLY | O_DIRECTORY);
	CHECK_INT(path_walk_begin(&t, root, &quota, &w.e), 0);
	CHECK(go(&t, "there/already/a", &w.e));
	CHECK_INT(quota.left, 1);
	CHECK(go(&t, "there/b", &w.e));
	CHECK(go(&t, "there/already/a", &w.e));
	CHECK_INT(quota.left, 0);
	CHECK(!go(&t, "there/c", &w.e));
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	CHECK_STR(w.e.text, "the archive has more than 7 files; --max-files sets the limit");
	CHECK_INT(path_walk_end(&t, &w.e), 0);
	CHECK_INT(world_shell(&w, "test ! -e inside/there/c"), 0);
	world_drop(&w);
}

TEST(a_trail_goes_through_no_link_and_survives_it)
{
	struct world w;
	struct path_walk t;

	world_make(&w);
	CHECK_INT(world_shell(&w,
	                      "mkdir inside/d; ln -s ../../outside inside/d/l; touch inside/f"),
	                      0);
	CHECK_INT(path_walk_begin(&t, openat(w.inside, ".", O_RDONLY | O_DIRECTORY), NULL,
	                          &w.e), 0);
	CHECK(!go(&t, "d/l/x", &w.e));
	CHECK_STR(w.e.text, "it would go through the link d/l");
	CHECK(!go(&t, "f/x", &w.e));
	CHECK_STR(w.e.text, "it would be in f, which is not a directory");
	CHECK(go(&t, "d/e", &w.e));
	CHECK_STR(t.path, "d/e");
	CHECK_INT(path_walk_end(&t, &w.e), 0);
	world_drop(&w);
}
