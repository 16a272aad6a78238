#include "lib/disk/reflink.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "tests/unit/disk_world.h"
#include "tests/unit/exchange.h"

enum { LARGE = 20 << 20 };

/* Some of everything that unpacking keeps. */
static const char things[] =
	"cd disk && mkdir from to && cd from && mkdir -p a/b/c 'e f' && echo text > a/file && "
	": > empty && head -c 20971520 /dev/urandom > large && ln a/file 'e f/hard' && "
	"ln -s ../../../outside/kept a/out && ln a/out a/out2 && ln -s / root && "
	"mkfifo -m 600 fifo && mknod -m 640 dev c 1 3 && chown 5:6 a/b fifo && "
	"chown -h 7:8 root && cp empty suid && chown 3:4 suid && chmod 6755 suid && "
	"chmod 3777 a/b/c && truncate -s 10M sparse && echo x >> sparse && chown 9:9 . && "
	"chmod 700 .";

static const char same[] =
	"t() { tar -cf - --format=posix --pax-option=delete=atime,delete=ctime --sort=name "
	"--numeric-owner --xattrs --xattrs-include='*' --acls -C disk/$1 .; }; "
	"t from > img2 && t to | cmp - img2; rc=$?; rm img2; exit $rc";

static int open_in(const struct world *w, const char *path)
{
	int fd = openat(w->top, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

/* A btrfs in a file of its own; the mount ends with the process at the latest. */
static void mount_disk(struct world *w)
{
	if (geteuid() != 0) SKIP("only root may mount");
	if (unshare(CLONE_NEWNS) < 0) SKIP("no mount namespaces here");
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	world_make(w);
	if (world_shell(w, "PATH=$PATH:/sbin:/usr/sbin; truncate -s 300M img; mkdir disk; "
	                "mkfs.btrfs -q img > mkfs.log 2>&1 && mount -o loop img disk; rc=$?; "
	                "rm mkfs.log; exit $rc")) {
		CHECK_INT(world_shell(w, "rm img; rmdir disk"), 0);
		world_drop(w);
		SKIP("no btrfs or no loop devices here");
	}
}

static void drop_disk(struct world *w)
{
	CHECK_INT(world_shell(w, "umount disk && rmdir disk && rm img"), 0);
	world_drop(w);
}

static uint64_t free_bytes(int fd)
{
	struct statvfs st;

	CHECK_INT(syncfs(fd), 0);
	CHECK_INT(fstatvfs(fd, &st), 0);
	return (uint64_t)st.f_bfree * st.f_frsize;
}

TEST(a_copy_has_everything_and_no_blocks_of_its_own)
{
	/* user::rwx user:7:rw- group::r-x mask::rwx other::r-x */
	static const unsigned char acl[] = {
		2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 6, 0, 7, 0, 0, 0,
		4, 0, 5, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255,
		32, 0, 5, 0, 255, 255, 255, 255,
	};
	static const unsigned char caps[] = { 0, 0, 0, 2, 0, 4, 0, 0, [19] = 0 };
	struct world w;
	char path[200];
	struct reflink_total total = { 0 };
	uint64_t before;
	int from, to;

	mount_disk(&w);
	CHECK_INT(world_shell(&w, things), 0);
	snprintf(path, sizeof path, "%s/disk/from/a/b", w.path);
	CHECK_INT(setxattr(path, "system.posix_acl_default", acl, sizeof acl, 0), 0);
	CHECK_INT(setxattr(path, "user.words", "a\0b", 3, 0), 0);
	snprintf(path, sizeof path, "%s/disk/from/fifo", w.path);
	CHECK_INT(setxattr(path, "system.posix_acl_access", acl, sizeof acl, 0), 0);
	snprintf(path, sizeof path, "%s/disk/from/large", w.path);
	CHECK_INT(setxattr(path, "security.capability", caps, sizeof caps, 0), 0);
	CHECK_INT(world_shell(&w,
	                      "find disk/from -exec touch -h -d '2001-02-03 04:05:06.7' {} +"),
	                      0);
	from = open_in(&w, "disk/from");
	to = open_in(&w, "disk/to");
	CHECK(reflink_works(from, to));
	before = free_bytes(from);
	if (reflink_tree(from, to, &total, &w.e) < 0) CHECK_STR(w.e.text, "");
	CHECK(before - free_bytes(from) < LARGE / 4);
	CHECK_INT(world_shell(&w, same), 0);
	CHECK_INT(world_shell(&w,
	                      "cd disk; echo more >> to/large; test $(stat -c %s from/large) = "
	                      "20971520 -a $(stat -c %b to/sparse) -lt 100 -a "
	                      "to/a/file -ef 'to/e f/hard'"), 0);
	close(from);
	close(to);
	drop_disk(&w);
}

TEST(what_is_in_the_way_is_named)
{
	struct reflink_total total = { 0 };
	struct world w;
	int from, to;

	mount_disk(&w);
	CHECK_INT(world_shell(&w,
	                      "mkdir -p disk/from/sub/dir disk/to/sub; touch disk/to/sub/dir"),
	                      0);
	from = open_in(&w, "disk/from");
	to = open_in(&w, "disk/to");
	CHECK_INT(reflink_tree(from, to, &total, &w.e), -1);
	CHECK(strstr(w.e.text, "copy sub/dir: "));
	close(from);
	close(to);
	drop_disk(&w);
}

/* On any file system. */
TEST(a_full_copy_has_everything_but_sockets)
{
	struct reflink_total total = { 0 };
	struct world w;
	char path[200];
	int from, to;

	if (geteuid() != 0) SKIP("only root may make all of them");
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir disk"), 0);
	CHECK_INT(world_shell(&w, things), 0);
	snprintf(path, sizeof path, "%s/disk/from/a", w.path);
	if (setxattr(path, "trusted.overlay.opaque", "y", 1, 0) < 0) SKIP("no attributes here");
	from = open_in(&w, "disk/from");
	to = open_in(&w, "disk/to");
	CHECK_INT(mknodat(from, "socket", S_IFSOCK | 0600, 0), 0);
	if (reflink_live_tree(from, to, REFLINK_COPY, &total, &w.e) < 0)
		CHECK_STR(w.e.text, "");
	CHECK_INT(faccessat(to, "socket", F_OK, 0), -1);
	CHECK_INT(unlinkat(from, "socket", 0), 0);
	CHECK_INT(world_shell(&w, "touch -r disk/to disk/from"), 0);
	CHECK_INT(world_shell(&w, same), 0);
	CHECK_INT(world_shell(&w, "test $(stat -c %b disk/to/sparse) -lt 100"), 0);
	CHECK_INT(total.bytes, 20971520 + 10485762 + 2 * 5);
	close(from);
	close(to);
	CHECK_INT(world_shell(&w, "rm -r disk"), 0);
	world_drop(&w);
}

static struct reflink_total total_of(struct world *w, const char *path)
{
	struct reflink_total total = { 0 };
	int from, to;

	CHECK_INT(world_shell(w, "mkdir disk/copy"), 0);
	from = open_in(w, path);
	to = open_in(w, "disk/copy");
	if (reflink_tree(from, to, &total, &w->e) < 0) CHECK_STR(w->e.text, "");
	close(from);
	close(to);
	CHECK_INT(world_shell(w, "rm -r disk/copy"), 0);
	return total;
}

TEST(what_was_copied_is_counted)
{
	static const char *const changes[] = {
		"mv from/a/file from/a/file2", "chmod 640 from/large", "chown 1 from/empty",
		"touch -d '2020-01-01' from/a", "touch -h from/root",
		"printf T | dd of=from/a/file2 "
		"conv=notrunc 2> /dev/null",
	};
	struct world w;
	struct reflink_total before, copied, after;

	mount_disk(&w);
	CHECK_INT(world_shell(&w, things), 0);
	before = total_of(&w, "disk/from");
	CHECK_INT(before.entries, 16);
	CHECK_INT(before.bytes, 20971520 + 10485762 + 2 * 5);
	CHECK_INT(world_shell(&w, "cp -a disk/from disk/again"), 0);
	copied = total_of(&w, "disk/again");
	CHECK(!memcmp(&before, &copied, sizeof before));
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		char script[200];

		snprintf(script, sizeof script, "cd disk && %s", changes[i]);
		CHECK_INT(world_shell(&w, script), 0);
		after = total_of(&w, "disk/from");
		CHECK(after.entries == before.entries && after.bytes == before.bytes);
		CHECK(after.sum != before.sum);
		before = after;
	}
	CHECK_INT(world_shell(&w, "rm disk/from/empty"), 0);
	CHECK_INT(total_of(&w, "disk/from").entries, 15);
	drop_disk(&w);
}

/* /tmp may be able to share blocks with itself, but not with memory. */
TEST(other_file_systems_have_nothing_to_share)
{
	struct world w;
	int memory = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (memory < 0) SKIP("no /dev/shm here");
	world_make(&w);
	CHECK(!reflink_works(w.inside, memory));
	CHECK(!reflink_works(memory, w.inside));
	CHECK_INT(world_shell(&w, "test -z \"$(ls -A inside)\""), 0);
	close(memory);
	world_drop(&w);
}

/* Files that become fifos, which stand for devices: neither opened nor waited for. */
TEST(what_a_file_becomes_is_not_opened)
{
	int seen = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), from, to;
	char event[4096];
	struct world w;
	pid_t racer;

	if (geteuid() != 0) SKIP("only root makes copies");
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir inside/from; cd inside; mkfifo fifo; "
	                      "for i in $(seq 40); do : > from/$i; done"), 0);
	snprintf(event, sizeof event, "%s/inside/fifo", w.path);
	CHECK(inotify_add_watch(seen, event, IN_OPEN) >= 0);
	from = open_in(&w, "inside/from");
	if ((racer = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned i = 0;; i++) {
			char name[16];

			snprintf(name, sizeof name, "%u", i % 40 + 1);
			if (exchange(from, name, w.inside, "fifo") == 0)
				exchange(from, name, w.inside, "fifo");
		}
	}
	alarm(60);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(world_shell(&w, "rm -rf inside/to; mkdir inside/to"), 0);
		to = open_in(&w, "inside/to");
		reflink_tree(from, to, &(struct reflink_total){ 0 }, &w.e);
		close(to);
	}
	alarm(0);
	kill(racer, SIGKILL);
	waitpid(racer, NULL, 0);
	CHECK_INT(read(seen, event, sizeof event), -1);
	close(seen);
	close(from);
	world_drop(&w);
}

/* One of the same file system, which only its mount tells. */
TEST(what_is_mounted_in_an_image_is_not_entered)
{
	char from_path[200], point[200];
	struct world w;
	int from, to;

	if (geteuid() != 0) SKIP("only root may mount");
	if (unshare(CLONE_NEWNS) < 0) SKIP("no mount namespaces here");
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	world_make(&w);
	CHECK_INT(world_shell(&w, "mkdir -p inside/from/sub/dir inside/to"), 0);
	snprintf(from_path, sizeof from_path, "%s/outside", w.path);
	snprintf(point, sizeof point, "%s/inside/from/sub/dir", w.path);
	CHECK_INT(mount(from_path, point, NULL, MS_BIND, NULL), 0);
	from = open_in(&w, "inside/from");
	to = open_in(&w, "inside/to");
	CHECK_INT(reflink_tree(from, to, &(struct reflink_total){ 0 }, &w.e), -1);
	CHECK_STR(w.e.text, "copy sub/dir: something is mounted there");
	close(from);
	close(to);
	CHECK_INT(umount(point), 0);
	world_drop(&w);
}
