#include "lib/disk/tree.h"

#include <errno.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "lib/base/wait.h"
#include "tests/unit/disk_world.h"
#include "tests/unit/exchange.h"

static int there(const struct world *w, const char *path)
{
	return faccessat(w->top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void remove_inside(struct world *w)
{
	if (tree_remove(w->top, "inside", &w->e) < 0) CHECK_STR(w->e.text, "");
	CHECK(!there(w, "inside"));
	mkdirat(w->top, "inside", 0755);
}

TEST(everything_goes_and_no_link_is_followed)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "cd inside; mkdir -p a/b/c d 'e f'; touch a/1 a/b/2 .hidden; "
	                      "ln -s ../../outside a/out; ln -s / root; ln -s nowhere "
	                      "a/b/c/dead; "
	                      "ln ../inside/a/1 'e f/hard'; mkfifo a/fifo; mkdir -p "
	                      "d/.removed-0/x"), 0);
	remove_inside(&w);
	world_drop(&w);
}

TEST(single_things_go_too)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "ln -s outside link; touch file"), 0);
	CHECK_INT(tree_remove(w.top, "link", &w.e), 0);
	CHECK_INT(tree_remove(w.top, "file", &w.e), 0);
	CHECK_INT(tree_remove(w.top, "file", &w.e), 0);
	world_drop(&w);
}

TEST(a_tree_deeper_than_any_path_goes)
{
	struct world w;
	int fd, n;

	world_make(&w);
	fd = openat(w.top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (n = 0; n < 10000; n++) {
		int below;

		CHECK_INT(mkdirat(fd, "deep", 0755), 0);
		if (n % 100 == 0)
			close(openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		below = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(below >= 0);
		close(fd);
		fd = below;
	}
	close(fd);
	remove_inside(&w);
	world_drop(&w);
}

TEST(a_large_directory_goes)
{
	struct world w;

	world_make(&w);
	for (int i = 0; i < 20000; i++) {
		char name[40];

		snprintf(name, sizeof name, "a name that takes some room %d", i);
		close(openat(w.inside, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		if (i % 10 == 0) mkdirat(w.inside, name + 2, 0755);
	}
	remove_inside(&w);
	world_drop(&w);
}

static int set_flags(int fd, int flags)
{
	int rc = ioctl(fd, FS_IOC_SETFLAGS, &flags);

	close(fd);
	return rc;
}

TEST(immutable_and_append_only_flags_are_cleared)
{
	struct world w;

	if (geteuid() != 0) SKIP("only root may set such flags");
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir -p inside/dir/sub; touch inside/file inside/dir/log"),
	          0);
	if (set_flags(openat(w.top, "inside/file", O_RDONLY), FS_IMMUTABLE_FL) < 0) {
		world_drop(&w);
		SKIP("the file system of /tmp has no such flags");
	}
	CHECK_INT(set_flags(openat(w.top, "inside/dir/log", O_RDONLY), FS_APPEND_FL), 0);
	CHECK_INT(set_flags(openat(w.top, "inside/dir/sub", O_RDONLY), FS_IMMUTABLE_FL), 0);
	CHECK_INT(set_flags(openat(w.top, "inside/dir", O_RDONLY), FS_IMMUTABLE_FL), 0);
	CHECK_INT(set_flags(openat(w.top, "inside", O_RDONLY), FS_APPEND_FL), 0);
	remove_inside(&w);
	world_drop(&w);
}

static int get_flags(const struct world *w, const char *path)
{
	int fd = openat(w->top, path, O_RDONLY | O_CLOEXEC), flags = 0;

	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	close(fd);
	return flags & (FS_IMMUTABLE_FL | FS_APPEND_FL);
}

/* Those of the directory that it is in are somebody's wish. */
TEST(flags_of_the_directory_above_are_left_and_named)
{
	static const struct { int flag; const char *says; } kinds[] = {
		{ FS_IMMUTABLE_FL, "jails is immutable; run chattr -i 'jails'" },
		{ FS_APPEND_FL, "jails is append-only; run chattr -a 'jails'" },
	};
	struct world w;

	if (geteuid() != 0) SKIP("only root may set such flags");
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir inside/web; touch inside/web/file"), 0);
	CHECK_INT(tree_check_flags(w.inside, "jails", &w.e), 0);
	for (size_t i = 0; i < 2; i++) {
		if (set_flags(openat(w.top, "inside", O_RDONLY), kinds[i].flag) < 0) {
			world_drop(&w);
			SKIP("the file system of /tmp has no such flags");
		}
		CHECK_INT(tree_check_flags(w.inside, "jails", &w.e), -1);
		CHECK_STR(w.e.text, kinds[i].says);
		CHECK_INT(tree_rename(w.inside, "web", "other", &w.e), -1);
		CHECK_INT(tree_remove(w.inside, "web", &w.e), -1);
		CHECK(there(&w, "inside/web"));
		CHECK_INT(get_flags(&w, "inside"), kinds[i].flag);
		CHECK_INT(set_flags(openat(w.top, "inside", O_RDONLY), 0), 0);
	}
	remove_inside(&w);
	world_drop(&w);
}

TEST(a_file_with_another_name_keeps_its_flags)
{
	struct world w;

	if (geteuid() != 0) SKIP("only root may set such flags");
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir backup; echo safe > backup/file; ln backup/file "
	                          "inside/file"), 0);
	if (set_flags(openat(w.top, "backup/file", O_RDONLY), FS_IMMUTABLE_FL) < 0) {
		world_drop(&w);
		SKIP("the file system of /tmp has no such flags");
	}
	CHECK_INT(tree_remove(w.top, "inside", &w.e), -1);
	CHECK_INT(get_flags(&w, "backup/file"), FS_IMMUTABLE_FL);
	CHECK_INT(set_flags(openat(w.top, "backup/file", O_RDONLY), 0), 0);
	CHECK_INT(world_shell(&w, "rm -r backup"), 0);
	remove_inside(&w);
	world_drop(&w);
}

TEST(nothing_is_replaced_by_a_rename)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir -p inside/a inside/b"), 0);
	CHECK_INT(tree_rename(w.inside, "a", "b", &w.e), -1);
	CHECK_INT(w.e.sys, EEXIST);
	remove_inside(&w);
	world_drop(&w);
}

TEST(the_last_one_goes_last)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "cd inside; mkdir -p 1 2/mark; touch mark 1/mark"), 0);
	signals_catch();
	CHECK_INT(tree_remove_marked(w.top, "inside", "mark", &w.e), 0);
	CHECK(!there(&w, "inside"));
	CHECK_INT(world_shell(&w, "mkdir -p inside/1; touch inside/mark inside/1/x; ln "
	                          "inside/1/x y; chattr +i y || rm y"), 0);
	if (there(&w, "y")) {
		CHECK_INT(tree_remove_marked(w.top, "inside", "mark", &w.e), -1);
		CHECK(there(&w, "inside/mark"));
		CHECK_INT(world_shell(&w, "chattr -i y; rm y"), 0);
	}
	remove_inside(&w);
	world_drop(&w);
}

TEST(mounts_are_refused_and_named)
{
	struct world w;
	char point[128], want[600];

	if (geteuid() != 0) SKIP("only root may mount");
	if (unshare(CLONE_NEWNS) < 0) SKIP("no mount namespaces here");
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir -p 'inside/a b' inside/c; touch inside/kept"), 0);
	snprintf(point, sizeof point, "%s/inside/a b", w.path);
	CHECK_INT(mount("none", point, "tmpfs", 0, NULL), 0);
	CHECK_INT(tree_remove(w.top, "inside", &w.e), -1);
	CHECK_INT(w.e.kind, ERR_BUSY);
	snprintf(want, sizeof want,
	         "remove inside: file systems are mounted in it: %s; unmount them first",
	         point);
	CHECK_STR(w.e.text, want);
	CHECK(there(&w, "inside/kept"));
	CHECK_INT(umount(point), 0);
	remove_inside(&w);
	world_drop(&w);
}

TEST(a_signal_stops_it_and_the_next_call_goes_on)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir -p inside/a; touch inside/a/1 inside/2"), 0);
	signals_catch();
	raise(SIGINT);
	CHECK_INT(tree_remove(w.top, "inside", &w.e), -1);
	CHECK_INT(w.e.kind, ERR_INTERRUPTED);
	CHECK(there(&w, "inside"));
	signal_forget();
	remove_inside(&w);
	world_drop(&w);
}

/* -- a file that becomes something else as soon as somebody has looked at it -- */

static const struct world *hostile;

int fstatat(int dir, const char *restrict name, struct stat *restrict st, int flags)
{
	int rc = (int)syscall(SYS_newfstatat, dir, name, st, flags);

	if (!hostile || rc < 0 || !S_ISREG(st->st_mode)) return rc;
	exchange(hostile->inside, "dir/file", hostile->inside, "fifo");
	hostile = NULL;
	return rc;
}

int fstat(int fd, struct stat *st)
{
	return fstatat(fd, "", st, AT_EMPTY_PATH);
}

/* The fifo stands for a device: to open that could be to use it. */
TEST(what_a_file_becomes_is_not_opened)
{
	int seen = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char event[4096];
	struct world w;

	if (geteuid() != 0) SKIP("only root may set such flags");
	world_make(&w);
	CHECK_INT(world_shell(&w, "cd inside && mkdir dir && touch dir/file && mkfifo fifo && "
	                      "ln fifo kept"), 0);
	if (set_flags(openat(w.inside, "dir", O_RDONLY), FS_APPEND_FL) < 0) {
		world_drop(&w);
		SKIP("the file system of /tmp has no such flags");
	}
	snprintf(event, sizeof event, "%s/inside/fifo", w.path);
	CHECK(inotify_add_watch(seen, event, IN_OPEN) >= 0);
	hostile = &w;
	CHECK_INT(tree_remove(w.inside, "dir", &w.e), 0);
	CHECK(!hostile);
	CHECK_INT(faccessat(w.inside, "dir", F_OK, 0), -1);
	CHECK_INT(read(seen, event, sizeof event), -1);
	close(seen);
	world_drop(&w);
}

/* More directories than are listed for the processors, and some of them are parents of
 * others. */
TEST(a_wide_tree_goes)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "cd inside; for a in 1 2 3 4 5 6 7 8 9; do mkdir -p $a; "
	                          "touch $a/f; "
	                      "for b in 1 2 3 4 5 6 7 8 9; do mkdir -p $a/$b/c/d $a/$b/e "
	                      "$a/$b/f $a/$b/g; "
	                      "touch $a/$b/f/x $a/$b/c/d/y; ln -s ../../../outside $a/$b/out; "
	                      "done; done; "
	                      "mkdir one; touch one/last"), 0);
	remove_inside(&w);
	CHECK_INT(world_shell(&w, "for a in 1 2 3; do mkdir -p inside/$a/b; touch "
	                          "inside/$a/b/f; done; "
	                      "touch inside/last"), 0);
	CHECK_INT(tree_remove_marked(w.top, "inside", "last", &w.e), 0);
	CHECK(!there(&w, "inside"));
	mkdirat(w.top, "inside", 0755);
	world_drop(&w);
}
