#include "lib/disk/survey.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "tests/unit/disk_world.h"

static int set_flags(const struct world *w, const char *path, int flags)
{
	int fd = openat(w->top, path, O_RDONLY | O_CLOEXEC);
	int rc = ioctl(fd, FS_IOC_SETFLAGS, &flags);

	close(fd);
	return rc;
}

static int look(struct world *w, struct survey *s)
{
	return survey_tree(&w->m, w->inside, "jails/web", s, &w->e);
}

TEST(plain_trees_pass_however_deep)
{
	struct world w;
	struct survey s;
	int fd, n;

	world_make(&w);
	CHECK_INT(world_shell(&w,
	                      "cd inside; mkdir -p a/b/c d; touch a/1 a/b/2; ln a/1 d/hard; "
	                      "ln -s ../../outside a/out; ln -s / root; mkfifo a/fifo"), 0);
	fd = openat(w.top, "inside/d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (n = 0; n < 3000; n++) {
		int below;

		CHECK_INT(mkdirat(fd, "deep", 0755), 0);
		CHECK_INT(mkdirat(fd, "side", 0755), 0);
		below = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = below;
	}
	close(fd);
	if (look(&w, &s) < 0) CHECK_STR(w.e.text, "");
	CHECK_INT(s.n, 0);
	world_drop(&w);
}

/* They are of the tree alone: clearing the flag harms nobody. */
TEST(flags_of_files_with_one_name_and_of_directories_pass)
{
	struct world w;
	struct survey s;

	if (geteuid() != 0) SKIP("only root may set such flags");
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir inside/d; touch inside/d/file"), 0);
	if (set_flags(&w, "inside/d/file", FS_IMMUTABLE_FL) < 0) {
		world_drop(&w);
		SKIP("the file system of /tmp has no such flags");
	}
	CHECK_INT(set_flags(&w, "inside/d", FS_APPEND_FL), 0);
	if (look(&w, &s) < 0) CHECK_STR(w.e.text, "");
	world_drop(&w);
}

TEST(a_file_of_somebody_else_that_must_not_change_is_named)
{
	struct world w;
	struct survey s;

	if (geteuid() != 0) SKIP("only root may set such flags");
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir inside/d; echo x > inside/d/file; ln inside/d/file "
	                          "inside/d/backup"), 0);
	if (set_flags(&w, "inside/d/backup", FS_IMMUTABLE_FL) < 0) {
		world_drop(&w);
		SKIP("the file system of /tmp has no such flags");
	}
	CHECK_INT(look(&w, &s), -1);
	CHECK_INT(w.e.kind, ERR_HOST);
	CHECK(strstr(w.e.text,
	             " is immutable, and the file has other hard links"));
	CHECK(strstr(w.e.text, "chattr -i 'jails/web/d/"));
	CHECK_INT(set_flags(&w, "inside/d/backup", 0), 0);
	CHECK_INT(set_flags(&w, "inside/d/backup", FS_APPEND_FL), 0);
	CHECK_INT(look(&w, &s), -1);
	CHECK(strstr(w.e.text, "chattr -a 'jails/web/d/"));

	/* nor does a removal that comes to it clear them */
	CHECK_INT(tree_remove(w.top, "inside", &w.e), -1);
	CHECK_INT(world_shell(&w, "lsattr inside/d/* | grep -q '^[^ ]*a'"), 0);
	CHECK_INT(set_flags(&w, "inside/d/backup", 0), 0);
	world_drop(&w);
}

TEST(what_is_new_among_subvolumes)
{
	struct survey_volume was[] = { { "rootfs/a", 257 }, { "rootfs/b", 258 } };
	struct survey_volume other[] = { { "rootfs/a", 257 }, { "rootfs/b", 259 } };
	const struct survey before = { was, 2, 2 }, less = { was, 1, 1 }, now = { other, 2, 2 };

	CHECK(!survey_new(&before, &before));
	CHECK(!survey_new(&before, &less));
	CHECK(survey_new(&less, &before) == &was[1]);
	CHECK(survey_new(&before, &now) == &other[1]);
}
