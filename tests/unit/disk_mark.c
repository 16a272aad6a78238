#include "lib/disk/mark.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "tests/unit/disk_world.h"

#define DIGITS "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define OTHER "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9825"

static void check_mark(int dir, int fd, const char *expected)
{
	char text[MARK_MAX];

	mark_get(dir, fd, text);
	CHECK_STR(text, expected);
}

static int make(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

TEST(only_lower_case_digits_name_an_image)
{
	struct arena m = { 0 };

	CHECK_STR(mark_digits(&m, DIGITS), DIGITS);
	CHECK_STR(mark_digits(&m, DIGITS ".tar.xz"), DIGITS);
	CHECK(!mark_digits(&m,
	                   "2CF24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
	CHECK(!mark_digits(&m, DIGITS "0"));
	CHECK(!mark_digits(&m, "." DIGITS));
	CHECK(!mark_digits(&m, "2cf24"));
	CHECK(!mark_digits(&m, ""));
	arena_free(&m);
}

TEST(a_mark_is_of_one_image)
{
	CHECK(mark_fits("image:" DIGITS, DIGITS));
	CHECK(mark_fits("whole:" DIGITS, DIGITS));
	CHECK(mark_fits("whole:" DIGITS ":1:2:3", DIGITS));
	CHECK(!mark_fits("image:" DIGITS, OTHER));
	CHECK(!mark_fits("image:" DIGITS "0", DIGITS));
	CHECK(!mark_fits("image:2cf24", "2cf24"));
	CHECK(!mark_fits("image:2cf24", DIGITS));
	CHECK(!mark_fits("other:" DIGITS, DIGITS));
	CHECK(!mark_fits(DIGITS, DIGITS));
	CHECK(!mark_fits("", DIGITS));
}

static void check_life_of_a_mark(int dir, struct err *e)
{
	int fd = make(dir, "a"), copy;

	check_mark(dir, fd, "");
	CHECK(!mark_is_of(dir, fd, DIGITS));
	if (mark_set(dir, fd, "image:" DIGITS, e) < 0) CHECK_STR(e->text, "");
	CHECK(mark_is_of(dir, fd, DIGITS));
	CHECK(!mark_is_of(dir, fd, OTHER));
	CHECK_INT(mark_set(dir, fd, "whole:" DIGITS ":1:2:3", e), 0);
	CHECK_INT(rename_new(dir, "a", "b"), 0);
	check_mark(dir, fd, "whole:" DIGITS ":1:2:3");
	copy = make(dir, "a");
	check_mark(dir, copy, "");
	CHECK_INT(rename_new(dir, "a", "b"), -1);
	CHECK_INT(errno, EEXIST);
	CHECK(mark_is_named(dir, "b", fd));
	CHECK(!mark_is_named(dir, "a", fd));
	CHECK_INT(mark_unlink(dir, "a", fd, e), -1);
	CHECK_INT(mark_unlink(dir, "b", fd, e), 0);
	CHECK_INT(faccessat(dir, "a", F_OK, 0), 0);
	CHECK_INT(unlinkat(dir, "a", 0), 0);
	close(fd);
	close(copy);
}

TEST(a_mark_stays_with_its_file)
{
	struct world w;

	world_make(&w);
	check_life_of_a_mark(w.inside, &w.e);
	CHECK_INT(world_shell(&w, "test -z \"$(ls -A inside)\""), 0);
	world_drop(&w);
}

/* ramfs has no attributes. */
static int mount_bare(struct world *w)
{
	char path[100];

	if (geteuid() != 0) SKIP("only root may mount");
	if (unshare(CLONE_NEWNS) < 0) SKIP("no mount namespaces here");
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	world_make(w);
	snprintf(path, sizeof path, "%s/inside", w->path);
	CHECK_INT(mount("ramfs", path, "ramfs", 0, NULL), 0);
	close(w->inside);
	w->inside = openat(w->top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->inside;
}

static void drop_bare(struct world *w)
{
	char path[100];

	snprintf(path, sizeof path, "%s/inside", w->path);
	CHECK_INT(umount2(path, MNT_DETACH), 0);
	world_drop(w);
}

TEST(without_attributes_the_mark_stands_beside)
{
	struct world w;
	int dir = mount_bare(&w), fd = make(dir, "probe");

	CHECK_INT(fsetxattr(fd, "trusted.jlmkr", "x", 1, 0), -1);
	close(fd);
	CHECK_INT(unlinkat(dir, "probe", 0), 0);
	check_life_of_a_mark(dir, &w.e);
	CHECK_INT(world_shell(&w, "test -z \"$(ls -A inside)\""), 0);
	drop_bare(&w);
}

TEST(what_stands_beside_nothing_goes_and_what_is_no_mark_stays)
{
	struct world w;
	int dir = mount_bare(&w), fd = make(dir, "a");
	struct stat st;

	CHECK_INT(mark_set(dir, fd, "image:" DIGITS, &w.e), 0);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(world_shell(&w, "cd inside; echo mine > .jlmkr-1; echo image:x > .jlmkr-2; "
	                      "echo image:x > .jlmkr-; echo image:x > .jlmkr-3x; ln -s a "
	                      ".jlmkr-4; "
	                      "mkdir .jlmkr-5"), 0);
	mark_sweep(dir);
	CHECK(mark_is_of(dir, fd, DIGITS));
	CHECK_INT(world_shell(&w,
	                      "test \"$(cd inside; echo .jlmkr-[!0-9]* .jlmkr-? .jlmkr-)\" = "
	                      "'.jlmkr-[!0-9]* .jlmkr-1 .jlmkr-4 .jlmkr-5 .jlmkr-'"), 0);
	close(fd);
	CHECK_INT(unlinkat(dir, "a", 0), 0);
	mark_sweep(dir);
	CHECK_INT(world_shell(&w, "test \"$(ls -A inside | tr '\\n' ' ')\" = "
	                      "'.jlmkr- .jlmkr-1 .jlmkr-3x .jlmkr-4 .jlmkr-5 '"), 0);
	drop_bare(&w);
}

/* A file of somebody's in its place is not overwritten. */
TEST(a_mark_that_finds_its_place_taken_is_none)
{
	struct world w;
	int dir = mount_bare(&w), fd = make(dir, "a");
	struct stat st;
	char name[40];

	CHECK_INT(fstat(fd, &st), 0);
	snprintf(name, sizeof name, ".jlmkr-%llu", (unsigned long long)st.st_ino);
	CHECK_INT(replace_file(dir, name, "mine", 4, 0600, &w.e), 0);
	CHECK_INT(mark_set(dir, fd, "image:" DIGITS, &w.e), -1);
	CHECK_STR(read_file(&w.m, dir, name, 100, NULL, &w.e), "mine");
	CHECK(!mark_is_of(dir, fd, DIGITS));
	CHECK_INT(mark_unlink(dir, "a", fd, &w.e), 0);
	CHECK_STR(read_file(&w.m, dir, name, 100, NULL, &w.e), "mine");
	close(fd);
	drop_bare(&w);
}

static const char *world_path(struct world *w, const char *name)
{
	return arena_printf(&w->m, "%s/%s", w->path, name);
}

static void check_not_opened(int dir, const char *name, int why)
{
	CHECK_INT(mark_open(dir, name, O_RDONLY), -1);
	CHECK_INT(errno, why);
}

TEST(links_and_other_kinds_are_not_opened)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "cd inside; ln -s ../outside/kept link; ln -s ../outside "
	                          "folder; mkfifo fifo"), 0);
	check_not_opened(w.inside, "nothing", ENOENT);
	check_not_opened(w.inside, "link", ELOOP);
	check_not_opened(w.inside, "folder", ELOOP);
	check_not_opened(w.inside, "folder/kept", ELOOP);
	check_not_opened(w.inside, "fifo", EINVAL);
	check_not_opened(w.inside, "../outside/kept", EXDEV);
	world_drop(&w);
}

TEST(what_is_mounted_is_not_opened)
{
	struct world w;
	int dir = mount_bare(&w);
	const char *said;

	CHECK_INT(world_shell(&w, "cd inside; mkdir place deep deep/er; touch file; mount "
	                          "--bind ../outside place && "
	                      "mount --bind ../outside/kept file && mount --bind ../outside "
	                      "deep/er"), 0);
	check_not_opened(dir, "place", EXDEV);
	check_not_opened(dir, "file", EXDEV);
	said = mark_none(&w.m, dir, world_path(&w, "inside"), "place");
	CHECK(strstr(said, "/inside/place stays: something is mounted there"));
	CHECK(strstr(mark_none(&w.m, dir, world_path(&w, "inside"), "deep"),
	             "something is mounted there"));
	CHECK_INT(world_shell(&w, "umount inside/place inside/file inside/deep/er"), 0);
	CHECK(strstr(mark_none(&w.m, dir, world_path(&w, "inside"), "place"),
	             "needs it: rm -r '"));
	CHECK(strstr(mark_none(&w.m, dir, world_path(&w, "inside"), "file"), "needs it: rm '"));
	drop_bare(&w);
}
