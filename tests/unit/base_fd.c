#include "lib/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "tests/unit/root_world.h"

static int count(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int hidden(int dir)
{
	DIR *d = dir_names(dir);
	struct dirent *entry;
	int n = -2;		/* . and .. */

	while ((entry = readdir(d)))
		n += *entry->d_name == '.';
	closedir(d);
	return n;
}

TEST(a_file_is_replaced_as_a_whole)
{
	struct world w;
	struct err e = { 0 };
	struct stat st;
	size_t len;

	world_make(&w);
	CHECK_INT(replace_file(w.top, "config", "old\n", 4, 0600, &e), 0);
	CHECK_INT(replace_file(w.top, "config", "newer\n", 6, 0640, &e), 0);
	CHECK_STR(read_file(&w.m, w.top, "config", 100, &len, &e), "newer\n");
	CHECK_INT(len, 6);
	fstatat(w.top, "config", &st, 0);
	CHECK_INT(st.st_mode & 07777, 0640);
	CHECK(!read_file(&w.m, w.top, "config", 5, NULL, &e));
	CHECK_STR(e.text, "config: larger than 5 bytes");
	CHECK(!read_file(&w.m, w.top, "nothing", 5, NULL, &e));
	CHECK_INT(e.sys, ENOENT);
	world_drop(&w);
}

TEST(what_takes_the_place_of_a_file_has_its_mode_and_attributes)
{
	struct world w;
	struct err e = { 0 };
	char value[8] = "";
	struct stat st;
	int old;

	world_make(&w);
	CHECK_INT(replace_file(w.top, "config", "old", 3, 02640, &e), 0);
	old = openat(w.top, "config", O_RDONLY | O_CLOEXEC);
	fsetxattr(old, "user.note", "mine", 4, 0);
	CHECK_INT(replace_file_like(w.top, "config", "new", 3, old, &e), 0);
	CHECK_STR(read_file(&w.m, w.top, "config", 10, NULL, &e), "new");
	fstatat(w.top, "config", &st, 0);
	CHECK_INT(st.st_mode & 07777, 02640);
	if (fgetxattr(old, "user.note", value, sizeof value) == 4) {
		close(old);
		memset(value, 0, sizeof value);
		old = openat(w.top, "config", O_RDONLY | O_CLOEXEC);
		CHECK_INT(fgetxattr(old, "user.note", value, sizeof value), 4);
		CHECK_STR(value, "mine");
	}
	close(old);
	world_drop(&w);
}

TEST(a_name_that_is_taken_is_not_written_to)
{
	struct world w;
	struct err e = { 0 };
	struct stat st;

	world_make(&w);
	CHECK_INT(create_file(w.top, "copy", "mine", 4, 0640, &e), 0);
	fstatat(w.top, "copy", &st, 0);
	CHECK_INT(st.st_mode & 07777, 0640);
	CHECK_INT(create_file(w.top, "copy", "yours", 5, 0600, &e), -1);
	CHECK_INT(e.sys, EEXIST);
	CHECK_STR(e.text, "copy: create: File exists");
	CHECK_STR(read_file(&w.m, w.top, "copy", 10, NULL, &e), "mine");
	world_drop(&w);
}

TEST(a_replacement_leaves_other_links_alone)
{
	struct world w;
	struct err e = { 0 };
	struct stat st;
	int fd;

	world_make(&w);
	replace_file(w.top, "log", "old", 3, 0644, &e);
	CHECK_INT(linkat(w.top, "log", w.top, "inside/log", 0), 0);
	CHECK((fd = open_replacement(w.top, "log", &e)) >= 0);
	CHECK_STR(read_file(&w.m, w.top, "log", 10, NULL, &e), "");
	CHECK_INT(write_all(fd, "new", 3, &e), 0);
	CHECK_STR(read_file(&w.m, w.top, "log", 10, NULL, &e), "new");
	CHECK_STR(read_file(&w.m, w.root, "log", 10, NULL, &e), "old");
	fstatat(w.top, "log", &st, 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	close(fd);
	unlinkat(w.top, "log", 0);
	mkdirat(w.top, "log", 0755);
	CHECK_INT(open_replacement(w.top, "log", &e), -1);
	CHECK_STR(e.text, "log: rename: Is a directory");
	CHECK_INT(hidden(w.top), 0);
	world_drop(&w);
}

TEST(what_a_killed_replacement_has_left_is_swept)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	replace_file(w.top, "config", "x", 1, 0600, &e);
	replace_file(w.top, ".config.0123456789abcdef", "x", 1, 0600, &e);
	replace_file(w.top, ".config.edit-17", "x", 1, 0600, &e);
	replace_file(w.top, ".config.0123456789abcdef0", "x", 1, 0600, &e);
	sweep_replaced(w.top, "config");
	CHECK_INT(count(w.top, ".config.0123456789abcdef"), 0);
	CHECK_INT(count(w.top, ".config.0123456789abcdef0"), 1);
	CHECK_INT(count(w.top, ".config.edit-17"), 1);
	CHECK_INT(count(w.top, "config"), 1);
	world_drop(&w);
}

TEST(links_do_not_lead_out_of_a_root)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	symlinkat("../../outside", w.root, "etc/up");
	symlinkat("/outside", w.root, "etc/abs");
	symlinkat(w.path, w.root, "etc/host");
	CHECK_INT(write_in_root(w.root, "/etc/up/f", "x", 0644, &e), -1);
	CHECK_INT(write_in_root(w.root, "/etc/abs/f", "x", 0644, &e), -1);
	CHECK_INT(write_in_root(w.root, "/etc/host/outside/f", "x", 0644, &e), -1);
	CHECK_INT(write_in_root(w.root, "/../../outside/f", "x", 0644, &e), -1);
	CHECK_INT(count(w.top, "outside/f"), 0);

	mkdirat(w.root, "outside", 0755);	/* now the links mean this one */
	CHECK_INT(write_in_root(w.root, "/etc/abs/f", "in", 0644, &e), 0);
	CHECK_INT(count(w.top, "inside/outside/f"), 1);
	CHECK_INT(count(w.top, "outside/f"), 0);
	CHECK_STR(read_in_root(&w.m, w.root, "/etc/up/f", 10, &e), "in");
	world_drop(&w);
}

TEST(a_link_in_the_place_of_a_file_is_replaced)
{
	struct world w;
	struct err e = { 0 };
	struct stat st;

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	CHECK_INT(replace_file(w.top, "secret", "keep", 4, 0600, &e), 0);
	symlinkat("../../secret", w.root, "etc/hostname");
	CHECK_INT(write_in_root(w.root, "/etc/hostname", "web\n", 0644, &e), 0);
	fstatat(w.root, "etc/hostname", &st, AT_SYMLINK_NOFOLLOW);
	CHECK(S_ISREG(st.st_mode));
	CHECK_STR(read_file(&w.m, w.top, "secret", 10, NULL, &e), "keep");
	world_drop(&w);
}

TEST(removing_and_reading_stay_inside)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	mkfifoat(w.root, "etc/fifo", 0644);
	CHECK_INT(replace_file(w.outside, "machine-id", "keep", 4, 0600, &e), 0);
	symlinkat("../../outside/machine-id", w.root, "etc/machine-id");
	CHECK_INT(unlink_in_root(w.root, "/etc/machine-id", &e), 0);
	CHECK_INT(unlink_in_root(w.root, "/etc/machine-id", &e), 0);
	CHECK_INT(unlink_in_root(w.root, "/no/such/folder", &e), 0);
	CHECK_INT(count(w.top, "outside/machine-id"), 1);
	CHECK(!read_in_root(&w.m, w.root, "/etc/fifo", 10, &e));
	CHECK_STR(e.text, "/etc/fifo is not a regular file");
	world_drop(&w);
}

/* To open a device may do something, a fifo stands for it here. */
TEST(what_is_no_file_is_not_even_opened)
{
	int seen = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct err e = { 0 };
	char event[256];
	struct world w;

	world_make(&w);
	mkfifoat(w.root, "os-release", 0644);
	replace_file(w.root, "hosts", "x", 1, 0644, &e);
	snprintf(event, sizeof event, "%s/inside/os-release", w.path);
	CHECK(inotify_add_watch(seen, event, IN_OPEN) >= 0);
	CHECK(!read_in_root(&w.m, w.root, "/os-release", 10, &e));
	CHECK_INT(read(seen, event, sizeof event), -1);

	snprintf(event, sizeof event, "%s/inside/hosts", w.path);
	CHECK(inotify_add_watch(seen, event, IN_OPEN) >= 0);
	CHECK_STR(read_in_root(&w.m, w.root, "/hosts", 10, &e), "x");
	CHECK(read(seen, event, sizeof event) > 0);
	close(seen);
	world_drop(&w);
}

/* The kernel is never sure where ".." leads when somebody renames all the time. */
static bool be_unsure(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int read_unsure(struct world *w)
{
	struct err e = { 0 };

	if (!be_unsure()) return 2;
	alarm(20);
	if (read_in_root(&w->m, w->root, "/up", 10, &e) || e.kind != ERR_BUSY ||
	    e.sys != EAGAIN)
		return 1;
	return strcmp(e.text, "/up: a directory on the path is renamed again and again") != 0;
}

TEST(who_renames_all_the_time_holds_nobody)
{
	struct world w;
	int status;
	pid_t pid;

	world_make(&w);
	symlinkat("../../../../file", w.root, "up");
	fflush(stdout);
	if ((pid = fork()) == 0) _exit(read_unsure(&w));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	world_drop(&w);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2) SKIP("no seccomp here");
	CHECK_INT(WEXITSTATUS(status), 0);
}

/* The kernel asks who has a lease to give it up, and waits 45 s for that. */
TEST(who_has_a_lease_holds_nobody)
{
	struct err e = { 0 };
	struct world w;
	int fd;

	world_make(&w);
	CHECK_INT(write_in_root(w.root, "file", "x", 0644, &e), 0);
	fd = openat(w.root, "file", O_RDONLY | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
		close(fd);
		world_drop(&w);
		SKIP("no leases here");
	}
	alarm(20);
	CHECK(!read_in_root(&w.m, w.root, "file", 10, &e));
	CHECK_INT(e.sys, EAGAIN);
	alarm(0);
	close(fd);
	CHECK_STR(read_in_root(&w.m, w.root, "file", 10, &e), "x");
	world_drop(&w);
}

static void check_made(int dir, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat st;

	CHECK_INT(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_INT(st.st_mode, mode);
	CHECK_INT(st.st_uid, uid);
	CHECK_INT(st.st_gid, gid);
}

/* A jail with users of its own has files of others' than the host's root. */
TEST(what_is_made_has_its_mode_and_the_owner_of_its_folder)
{
	uid_t uid = geteuid() ? geteuid() : 131072;
	gid_t gid = geteuid() ? getegid() : 131073;
	struct err e = { 0 };
	struct world w;
	mode_t mask;

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	CHECK_INT(fchownat(w.root, "etc", uid, gid, 0), 0);
	mask = umask(077);
	CHECK_INT(write_in_root(w.root, "/etc/new", "x", 0644, &e), 0);
	CHECK_INT(touch_in_root(w.root, "/etc/empty", 0644, &e), 0);
	CHECK_INT(mkdir_in_root(w.root, "/etc/folder", 0755, &e), 0);
	CHECK_INT(write_in_root(w.root, "/etc/folder/in", "x", 04755, &e), 0);
	CHECK_INT(umask(mask), 077);
	check_made(w.root, "etc/new", S_IFREG | 0644, uid, gid);
	check_made(w.root, "etc/empty", S_IFREG | 0644, uid, gid);
	check_made(w.root, "etc/folder", S_IFDIR | 0755, uid, gid);
	check_made(w.root, "etc/folder/in", S_IFREG | 04755, uid, gid);
	world_drop(&w);
}

TEST(what_has_the_name_of_a_point_is_left_alone)
{
	struct err e = { 0 };
	struct world w;

	world_make(&w);
	CHECK_INT(replace_file(w.outside, "secret", "keep", 4, 0600, &e), 0);
	CHECK_INT(linkat(w.outside, "secret", w.root, "file", 0), 0);
	mkdirat(w.root, "folder", 0700);
	symlinkat("../outside/new", w.root, "link");
	CHECK_INT(touch_in_root(w.root, "/file", 0644, &e), 0);
	CHECK_INT(touch_in_root(w.root, "/folder", 0644, &e), 0);
	CHECK_INT(touch_in_root(w.root, "/link", 0644, &e), 0);
	CHECK_INT(mkdir_in_root(w.root, "/folder", 0755, &e), 0);
	CHECK_INT(mkdir_in_root(w.root, "/file", 0755, &e), 0);
	CHECK_INT(mkdir_in_root(w.root, "/link", 0755, &e), 0);
	check_made(w.outside, "secret", S_IFREG | 0600, geteuid(), getegid());
	check_made(w.root, "folder", S_IFDIR | 0700, geteuid(), getegid());
	CHECK_INT(count(w.outside, "new"), 0);
	CHECK_INT(touch_in_root(w.root, "/no/such", 0644, &e), -1);
	CHECK_INT(e.sys, ENOENT);
	CHECK_STR(read_file(&w.m, w.outside, "secret", 10, NULL, &e), "keep");
	world_drop(&w);
}

TEST(what_is_missing_on_the_way_is_made)
{
	char too_long[5000];
	struct err e = { 0 };
	struct world w;

	world_make(&w);
	mkdirat(w.root, "a", 0700);
	symlinkat("../../outside", w.root, "a/out");
	CHECK_INT(mkdirs_above_in_root(w.root, "/a/b/c/d", 0755, &e), 0);
	check_made(w.root, "a", S_IFDIR | 0700, geteuid(), getegid());
	check_made(w.root, "a/b/c", S_IFDIR | 0755, geteuid(), getegid());
	CHECK_INT(count(w.root, "a/b/c/d"), 0);
	CHECK_INT(mkdirs_above_in_root(w.root, "/top", 0755, &e), 0);
	CHECK_INT(count(w.root, "top"), 0);
	CHECK_INT(mkdirs_above_in_root(w.root, "/a/out/x/y", 0755, &e), -1);
	CHECK_INT(count(w.outside, "x"), 0);
	memset(too_long, 'x', sizeof too_long);
	too_long[0] = too_long[sizeof too_long - 2] = '/';
	too_long[sizeof too_long - 1] = 0;
	CHECK_INT(mkdirs_above_in_root(w.root, too_long, 0755, &e), -1);
	world_drop(&w);
}

/* Other names of the file, wherever they are, keep what it was. */
TEST(a_file_with_other_names_is_replaced)
{
	struct err e = { 0 };
	struct world w;

	world_make(&w);
	CHECK_INT(replace_file(w.outside, "config", "keep", 4, 0600, &e), 0);
	CHECK_INT(linkat(w.outside, "config", w.root, "hostname", 0), 0);
	CHECK_INT(write_in_root(w.root, "/hostname", "web", 0644, &e), 0);
	CHECK_STR(read_in_root(&w.m, w.root, "/hostname", 10, &e), "web");
	CHECK_STR(read_file(&w.m, w.outside, "config", 10, NULL, &e), "keep");
	check_made(w.outside, "config", S_IFREG | 0600, geteuid(), getegid());
	world_drop(&w);
}

TEST(an_empty_directory_has_only_dots)
{
	struct world w;

	world_make(&w);
	CHECK(is_dots(".") && is_dots("..") && !is_dots(".a") && !is_dots("...") &&
	      !is_dots("") && !is_dots("..a"));
	CHECK_INT(dir_is_empty(w.root), 1);
	CHECK_INT(dir_is_empty(w.top), 0);
	CHECK_INT(dir_is_empty(-1), -1);
	world_drop(&w);
}

static void put_in(int dir, const char *name, const char *text)
{
	CHECK_INT(replace_file(dir, name, text, strlen(text), 0600, NULL), 0);
}

static ino_t inode_in(int dir, const char *name)
{
	struct stat st = { 0 };

	CHECK_INT(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

TEST(two_names_are_swapped_and_again_if_that_was_cut)
{
	struct err e = { 0 };
	ino_t old, new;
	struct world w;
	int now, next;

	world_make(&w);
	CHECK_INT(mkdirat(w.root, "next", 0700), 0);
	now = w.root;
	next = openat(w.root, "next", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_in(now, "x", "old");
	put_in(next, "x", "new");
	old = inode_in(now, "x");
	new = inode_in(next, "x");
	CHECK(name_has_inode(now, "x", old) && !name_has_inode(now, "x", new));
	CHECK_INT(rename_swap(now, next, "x", &e), 0);
	CHECK(name_has_inode(now, "x", new) && name_has_inode(next, "x", old));
	/* Cut between two steps, where it takes two. */
	CHECK_INT(unlinkat(now, "x", 0), 0);
	CHECK(!name_has_inode(now, "x", new));
	CHECK_INT(rename_swap(now, next, "x", &e), 0);
	CHECK(name_has_inode(now, "x", old) && !count(next, "x"));
	/* There is nothing to take its place, and what there was is not lost. */
	CHECK_INT(rename_swap(now, next, "x", &e), -1);
	CHECK_STR(e.text, "rename x: No such file or directory");
	CHECK(name_has_inode(next, "old", old));
	close(next);
	world_drop(&w);
}
