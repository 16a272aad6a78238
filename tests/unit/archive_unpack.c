#include "lib/archive/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <lzma.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "lib/base/wait.h"
#include "tests/unit/archive_tar.h"
#include "tests/unit/disk_world.h"

static int feed_all(struct world *w, const void *data, size_t n,
                    const struct unpack_limits *limits, struct unpack_report *r)
{
	struct unpack u;

	memset(&w->e, 0, sizeof w->e);
	signals_catch();
	if (unpack_begin(&u, w->inside, limits, &w->e) < 0) return -1;
	if (unpack_feed(&u, data, n, &w->e) < 0) return -1;
	return unpack_end(&u, r, &w->e);
}

static int unpack_tar(struct world *w, const struct str *tar)
{
	return feed_all(w, tar->s, tar->len, NULL, NULL);
}

static struct unpack_report unpack_well(struct world *w, const struct str *tar)
{
	struct unpack_report r = { 0 };

	if (feed_all(w, tar->s, tar->len, NULL, &r) < 0) CHECK_STR(w->e.text, "");
	return r;
}

static void begin(struct world *w, struct str *tar)
{
	if (geteuid() != 0) SKIP("only root may unpack");
	world_make(w);
	*tar = (struct str){ .m = &w->m };
}

static struct stat look(const struct world *w, const char *path)
{
	struct stat st;

	if (fstatat(w->inside, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		test_fail(__FILE__, __LINE__, "%s is not there", path);
	return st;
}

static const char *text_of(struct world *w, const char *path)
{
	return read_file(&w->m, w->inside, path, 1 << 20, NULL, NULL);
}

TEST(all_kinds_arrive_with_what_belongs_to_them)
{
	struct world w;
	struct str tar;
	struct unpack_report r;
	char link[100] = "";

	begin(&w, &tar);
	tar_add(&tar, TAR_DIR, "./", "", 0750);
	tar_add(&tar, TAR_DIR, "./bin/", "", 01777);
	tar_file(&tar, "./bin/su", "setuid", 06755);
	tar_add(&tar, TAR_HARD, "./bin/su2", "./bin/su", 06755);
	tar_add(&tar, TAR_LINK, "./bin/sh", "/bin/dash", 0777);
	tar_add(&tar, TAR_HARD, "sh2", "bin/sh", 0777);
	tar_add(&tar, TAR_FIFO, "fifo", "", 0622);
	tar_file(&tar, "not/brought/file", "deep", 0400);
	tar_file(&tar, "empty", "", 0);
	tar_end(&tar);
	r = unpack_well(&w, &tar);

	CHECK_INT(r.entries, 9);
	CHECK_INT(r.bytes, 10);
	CHECK_INT(r.bare, 0);
	CHECK_INT(look(&w, ".").st_mode, S_IFDIR | 0750);
	CHECK_INT(look(&w, ".").st_mtime, 1000000000);
	CHECK_INT(look(&w, "bin").st_mode, S_IFDIR | 01777);
	CHECK_INT(look(&w, "bin").st_mtime, 1000000000);
	CHECK_INT(look(&w, "bin/su").st_mode, S_IFREG | 06755);
	CHECK_INT(look(&w, "bin/su").st_nlink, 2);
	CHECK_INT(look(&w, "bin/su2").st_ino, look(&w, "bin/su").st_ino);
	CHECK_INT(look(&w, "sh2").st_mode & S_IFMT, S_IFLNK);
	CHECK(readlinkat(w.inside, "bin/sh", link, sizeof link - 1) > 0);
	CHECK_STR(link, "/bin/dash");
	CHECK_INT(look(&w, "bin/sh").st_mtime, 1000000000);
	CHECK_INT(look(&w, "fifo").st_mode, S_IFIFO | 0622);
	CHECK_INT(look(&w, "not").st_mode, S_IFDIR | 0755);
	CHECK_INT(look(&w, "empty").st_mode, S_IFREG);
	CHECK_STR(text_of(&w, "not/brought/file"), "deep");
	world_drop(&w);
}

TEST(devices_are_made)
{
	struct world w;
	struct str tar;
	struct stat st;

	begin(&w, &tar);
	tar_add(&tar, TAR_CHAR, "null", "", 0666);
	tar_end(&tar);
	if (unpack_well(&w, &tar).bare) {
		world_drop(&w);
		SKIP("no devices may be made here");
	}
	st = look(&w, "null");
	CHECK_INT(st.st_mode, S_IFCHR | 0666);
	CHECK_INT(st.st_rdev, 0x103);
	world_drop(&w);
}

struct node {
	char type;
	unsigned major, minor;
	bool made;
};

static const struct node nodes[] = {
	{ TAR_CHAR, 1, 3, true },
	{ TAR_CHAR, 1, 5, true },
	{ TAR_CHAR, 1, 7, true },
	{ TAR_CHAR, 1, 8, true },
	{ TAR_CHAR, 1, 9, true },
	{ TAR_CHAR, 5, 0, true },
	{ TAR_CHAR, 5, 1, true },
	{ TAR_CHAR, 5, 2, true },
	{ TAR_CHAR, 10, 229, true },
	{ TAR_CHAR, 0, 0, true },	/* a whiteout of overlayfs */
	{ TAR_CHAR, 1, 1, false },	/* mem */
	{ TAR_CHAR, 4, 1, false },	/* a terminal */
	{ TAR_CHAR, 10, 200, false },	/* tun */
	{ TAR_CHAR, 1, 0x103, false },
	{ TAR_BLOCK, 1, 3, false },
	{ TAR_BLOCK, 7, 0, false },
	{ TAR_BLOCK, 8, 0, false },
	{ TAR_FIFO, 8, 0, true },
};

enum { NODES = sizeof nodes / sizeof *nodes };

static const char *node_name(size_t i)
{
	static char name[16];

	snprintf(name, sizeof name, "dev/node%zu", i);
	return name;
}

static void add_nodes(struct str *tar)
{
	for (size_t i = 0; i < NODES; i++) {
		struct tar_head h = tar_head(nodes[i].type, node_name(i), "", 0640, 0);

		tar_put(h.major, sizeof h.major, nodes[i].major);
		tar_put(h.minor, sizeof h.minor, nodes[i].minor);
		tar_seal(&h);
		str_addn(tar, &h, sizeof h);
	}
}

static bool is_there(const struct world *w, const char *path)
{
	return faccessat(w->inside, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

TEST(devices_that_are_not_harmless_are_skipped_and_counted)
{
	struct world w;
	struct str tar;
	struct unpack_report r;

	begin(&w, &tar);
	add_nodes(&tar);
	tar_add(&tar, TAR_HARD, "dev/disk", "dev/node16", 0640);
	tar_add(&tar, TAR_HARD, "dev/nothing", "dev/node0", 0640);
	tar_file(&tar, "dev/node16", "a file in its place", 0640);
	tar_add(&tar, TAR_HARD, "dev/file", "dev/node16", 0640);
	tar_file(&tar, "last", "done", 0644);
	tar_end(&tar);
	r = unpack_well(&w, &tar);
	CHECK_INT(r.skipped, 8);
	CHECK_INT(r.bare, 0);
	for (size_t i = 0; i < NODES; i++) {
		struct stat st;

		if (i == 16) continue;
		CHECK_INT(is_there(&w, node_name(i)), nodes[i].made);
		if (!nodes[i].made || nodes[i].type == TAR_FIFO) continue;
		st = look(&w, node_name(i));
		CHECK_INT(st.st_mode, S_IFCHR | 0640);
		CHECK_INT(st.st_rdev, nodes[i].major << 8 | nodes[i].minor);
	}
	CHECK(!is_there(&w, "dev/disk"));
	CHECK_INT(look(&w, "dev/nothing").st_rdev, 0x103);
	CHECK_STR(text_of(&w, "dev/file"), "a file in its place");
	CHECK_STR(text_of(&w, "last"), "done");
	world_drop(&w);
}

TEST(all_devices_are_skipped_when_none_are_wanted)
{
	struct world w;
	struct str tar;
	struct unpack_report r = { 0 };

	begin(&w, &tar);
	add_nodes(&tar);
	tar_file(&tar, "last", "done", 0644);
	tar_end(&tar);
	CHECK_INT(feed_all(&w, tar.s, tar.len, &(struct unpack_limits){ .no_devices = true },
	                   &r), 0);
	CHECK_INT(r.skipped, NODES - 1);
	for (size_t i = 0; i < NODES; i++)
		CHECK_INT(is_there(&w, node_name(i)), nodes[i].type == TAR_FIFO);
	CHECK_STR(text_of(&w, "last"), "done");
	world_drop(&w);
}

/* Those below 32. */
static void give_up(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	CHECK_INT(syscall(SYS_capget, &head, caps), 0);
	caps[0].permitted &= ~(1u << cap);
	caps[0].effective &= ~(1u << cap);
	CHECK_INT(syscall(SYS_capset, &head, caps), 0);
}

TEST(a_system_that_forbids_devices_gets_all_else)
{
	struct world w;
	struct str tar;
	int status;
	pid_t pid;

	begin(&w, &tar);
	tar_add(&tar, TAR_CHAR, "null", "", 0666);
	tar_file(&tar, "last", "done", 0644);
	tar_end(&tar);
	if ((pid = fork()) == 0) {
		struct unpack_report r = { 0 };

		give_up(CAP_MKNOD);
		_exit(feed_all(&w, tar.s, tar.len, NULL, &r) < 0 ? 100 : (int)r.skipped);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 1 << 8);
	CHECK(!is_there(&w, "null"));
	CHECK_STR(text_of(&w, "last"), "done");
	world_drop(&w);
}

TEST(owners_are_numbers)
{
	struct world w;
	struct str tar;
	struct tar_head h = tar_head(TAR_FILE, "file", "", 04755, 0);

	begin(&w, &tar);
	tar_put(h.uid, sizeof h.uid, 1234567);
	tar_put(h.gid, sizeof h.gid, 42);
	snprintf(h.uname, sizeof h.uname, "root");
	tar_seal(&h);
	str_addn(&tar, &h, sizeof h);
	tar_end(&tar);
	unpack_well(&w, &tar);
	CHECK_INT(look(&w, "file").st_uid, 1234567);
	CHECK_INT(look(&w, "file").st_gid, 42);
	CHECK_INT(look(&w, "file").st_mode, S_IFREG | 04755);
	world_drop(&w);
}

static void pax_text(struct str *pax, const char *key, const char *value)
{
	pax_add(pax, key, value, strlen(value));
}

static const char cap[] = "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0";	/* cap_net_raw=ep */

TEST(attributes_and_acls_arrive)
{
	struct world w;
	struct str tar, pax;
	char path[128], value[200];
	uint8_t want[] = { 2, 0, 0, 0, 1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 4, 0, 4, 0, 0xff,
			   0xff, 0xff, 0xff, 8, 0, 6, 0, 77, 0, 0, 0, 0x10, 0, 6, 0, 0xff, 0xff,
			   0xff, 0xff, 0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };

	begin(&w, &tar);
	pax = (struct str){ .m = &w.m };
	pax_add(&pax, "SCHILY.xattr.security.capability", cap, 20);
	pax_text(&pax, "SCHILY.xattr.user.note", "hello");
	pax_text(&pax, "SCHILY.xattr.security.selinux", "system_u:object_r:x:s0");
	/* Whose number is only known from a file that comes later. */
	pax_text(&pax, "SCHILY.acl.access",
	         "user::rw-,group::r--,group:web:rw-,mask::rw-,other::---");
	tar_pax(&tar, &pax);
	tar_file(&tar, "ping", "binary", 0660);
	tar_file(&tar, "etc/group", "root:x:0:\nweb:x:77:\n", 0644);
	tar_end(&tar);
	if (unpack_well(&w, &tar).bare) {
		world_drop(&w);
		SKIP("the file system of /tmp has no attributes");
	}
	snprintf(path, sizeof path, "%s/inside/ping", w.path);
	CHECK_INT(getxattr(path, "security.capability", value, sizeof value), 20);
	CHECK(!memcmp(value, cap, 20));
	CHECK_INT(getxattr(path, "user.note", value, sizeof value), 5);
	CHECK_INT(getxattr(path, "system.posix_acl_access", value, sizeof value), sizeof want);
	CHECK(!memcmp(value, want, sizeof want));
	CHECK_INT(look(&w, "ping").st_mtime, 1000000000);
	world_drop(&w);
}

/* As `tar -C jails/web -c rootfs` and LXC's archives have it. */
TEST(acls_with_names_below_a_folder)
{
	struct world w;
	struct str tar, pax;
	char path[128], value[200];

	begin(&w, &tar);
	pax = (struct str){ .m = &w.m };
	pax_text(&pax, "SCHILY.acl.access",
	         "user::rw-,group::r--,group:web:rw-,mask::rw-,other::---");
	tar_pax(&tar, &pax);
	tar_file(&tar, "rootfs/ping", "binary", 0660);
	tar_file(&tar, "rootfs/etc/group", "root:x:0:\nweb:x:77:\n", 0644);
	tar_end(&tar);
	if (unpack_well(&w, &tar).bare) {
		snprintf(path, sizeof path, "%s/inside/rootfs", w.path);
		CHECK(setxattr(path, "system.posix_acl_access", value, 0, 0) < 0 &&
		      errno == ENOTSUP);
		world_drop(&w);
		SKIP("the file system of /tmp has no ACLs");
	}
	snprintf(path, sizeof path, "%s/inside/rootfs/ping", w.path);
	CHECK(getxattr(path, "system.posix_acl_access", value, sizeof value) > 0);
	CHECK_INT(value[24], 77);
	world_drop(&w);
}

TEST(what_cannot_be_kept_is_counted)
{
	struct world w;
	struct str tar, pax;

	begin(&w, &tar);
	pax = (struct str){ .m = &w.m };
	pax_text(&pax, "SCHILY.xattr.trusted.overlay.opaque", "y");
	tar_pax(&tar, &pax);
	tar_file(&tar, "trusted", "", 0644);
	pax.len = 0;
	pax_text(&pax, "SCHILY.acl.access",
	         "user::rw-,user:nobodyknows:r--,group::r--,mask::r--,other::---");
	tar_pax(&tar, &pax);
	tar_file(&tar, "unknown", "", 0644);
	tar_end(&tar);
	CHECK_INT(unpack_well(&w, &tar).bare, 2);
	world_drop(&w);
}

TEST(nothing_is_handed_down)
{
	struct world w;
	struct str tar, pax;
	char path[128], value[200];

	begin(&w, &tar);
	pax = (struct str){ .m = &w.m };
	pax_text(&pax, "SCHILY.acl.default",
	         "user::rwx,group::rwx,group:5:rwx,mask::rwx,other::rwx");
	tar_pax(&tar, &pax);
	tar_add(&tar, TAR_DIR, "dir", "", 02755);
	tar_file(&tar, "dir/file", "", 0600);
	tar_add(&tar, TAR_DIR, "dir/sub", "", 0755);
	tar_file(&tar, "other", "", 0600);
	tar_file(&tar, "dir/late", "", 0640);
	tar_end(&tar);
	if (unpack_well(&w, &tar).bare) {
		world_drop(&w);
		SKIP("the file system of /tmp has no ACLs");
	}
	CHECK_INT(look(&w, "dir").st_mode, S_IFDIR | 02755);
	CHECK_INT(look(&w, "dir").st_mtime, 1000000000);
	CHECK_INT(look(&w, "dir/file").st_mode, S_IFREG | 0600);
	CHECK_INT(look(&w, "dir/late").st_mode, S_IFREG | 0640);
	CHECK_INT(look(&w, "dir/sub").st_mode, S_IFDIR | 0755);
	snprintf(path, sizeof path, "%s/inside/dir/sub", w.path);
	CHECK(getxattr(path, "system.posix_acl_default", value, sizeof value) < 0);
	snprintf(path, sizeof path, "%s/inside/dir", w.path);
	CHECK(getxattr(path, "system.posix_acl_default", value, sizeof value) > 0);
	world_drop(&w);
}

TEST(names_keep_their_bytes)
{
	static const char *const names[] = { "e\xcc\x81", "\xc3\xa9", "latin\xf6",
	                                     "\xf0\x9f\x98\x80",
					     "a\nb", "back\\slash", " " };
	struct world w;
	struct str tar, pax;

	begin(&w, &tar);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char plain[32], link[32];

		pax = (struct str){ .m = &w.m };
		pax_text(&pax, "path", names[i]);
		tar_pax(&tar, &pax);
		tar_file(&tar, "x", names[i], 0644);
		pax = (struct str){ .m = &w.m };
		snprintf(link, sizeof link, "hard %s", names[i]);
		pax_text(&pax, "path", link);
		pax_text(&pax, "linkpath", names[i]);
		tar_pax(&tar, &pax);
		tar_add(&tar, TAR_HARD, "x", "x", 0644);
		snprintf(plain, sizeof plain, "plain %s", names[i]);
		tar_file(&tar, plain, names[i], 0644);
	}
	tar_end(&tar);
	unpack_well(&w, &tar);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char plain[32], link[32];

		snprintf(plain, sizeof plain, "plain %s", names[i]);
		snprintf(link, sizeof link, "hard %s", names[i]);
		CHECK_STR(text_of(&w, names[i]), names[i]);
		CHECK_STR(text_of(&w, plain), names[i]);
		CHECK_INT(look(&w, link).st_ino, look(&w, names[i]).st_ino);
	}
	world_drop(&w);
}

TEST(later_files_replace_earlier_ones)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	tar_file(&tar, "file", "old", 0644);
	tar_add(&tar, TAR_HARD, "kept", "file", 0644);
	tar_file(&tar, "file", "new", 0600);
	tar_add(&tar, TAR_DIR, "dir", "", 0700);
	tar_file(&tar, "dir/x", "x", 0600);
	tar_add(&tar, TAR_DIR, "dir", "", 0755);
	tar_end(&tar);
	unpack_well(&w, &tar);
	CHECK_STR(text_of(&w, "file"), "new");
	CHECK_STR(text_of(&w, "kept"), "old");
	CHECK_STR(text_of(&w, "dir/x"), "x");
	CHECK_INT(look(&w, "dir").st_mode, S_IFDIR | 0755);
	world_drop(&w);
}

struct hostile {
	const char *name;	/* of the entry that the fault names */
	char type;
	const char *link;
	const char *why;	/* is part of the sentence */
	struct { char type; const char *name, *link; } before[2];
};

#define NOTHING { { 0, NULL, NULL } }

static const struct hostile hostiles[] = {
	{ "../../etc/x", TAR_FILE, "", "contains ..", NOTHING },
	{ "../outside/x", TAR_FILE, "", "contains ..", NOTHING },
	{ "a/../../outside/x", TAR_FILE, "", "contains ..", { { TAR_DIR, "a", "" } } },
	{ "..", TAR_DIR, "", "contains ..", NOTHING },
	{ "./..", TAR_LINK, "x", "contains ..", NOTHING },
	{ "/etc/jlmkr-was-here", TAR_FILE, "", "absolute", NOTHING },
	{ "//x", TAR_FILE, "", "absolute", NOTHING },
	{ "/", TAR_DIR, "", "absolute", NOTHING },
	{ "a/outside/x", TAR_FILE, "", "through the link a", { { TAR_LINK, "a", "/" } } },
	{ "a/outside/x", TAR_FILE, "", "through the link a", { { TAR_LINK, "a", ".." } } },
	{ "a/x", TAR_DIR, "", "through the link a", { { TAR_LINK, "a", "../outside" } } },
	{ "a/x", TAR_LINK, "y", "through the link a",
	  { { TAR_LINK, "a", "b" }, { TAR_DIR, "b", "" } } },
	{ "d/a/x", TAR_FIFO, "", "through the link d/a",
	  { { TAR_DIR, "d", "" }, { TAR_LINK, "d/a", "/" } } },
	{ "a", TAR_FILE, "", "replace a link", { { TAR_LINK, "a", "../outside/kept" } } },
	{ "a", TAR_DIR, "", "link a", { { TAR_LINK, "a", "../outside" } } },
	{ "a", TAR_LINK, "b", "replace a link", { { TAR_LINK, "a", "../outside/kept" } } },
	{ "a", TAR_CHAR, "", "replace a link", { { TAR_LINK, "a", "../outside/kept" } } },
	{ "a", TAR_HARD, "f", "replace a link",
	  { { TAR_LINK, "a", "../outside/kept" }, { TAR_FILE, "f", "" } } },
	{ "h", TAR_HARD, "../outside/kept", "contains ..", NOTHING },
	{ "h", TAR_HARD, "/etc/passwd", "absolute", NOTHING },
	{ "h", TAR_HARD, "a/kept", "through a link", { { TAR_LINK, "a", "../outside" } } },
	{ "h", TAR_HARD, "nowhere", "No such file", NOTHING },
	{ "h", TAR_HARD, ".", "hard link to the root", NOTHING },
	{ "h", TAR_HARD, "d", "hard link to d", { { TAR_DIR, "d", "" } } },
	{ "h", TAR_HARD, "h", "itself", { { TAR_FILE, "h", "" } } },
	{ "./", TAR_LINK, "../outside", "root", NOTHING },
	{ ".", TAR_FILE, "", "root", NOTHING },
	{ "f/x", TAR_FILE, "", "not a directory", { { TAR_FILE, "f", "" } } },
	{ "d", TAR_FILE, "", "a directory of that name", { { TAR_DIR, "d", "" } } },
	{ "f", TAR_DIR, "", "not a directory", { { TAR_FILE, "f", "" } } },
};

static void refuse(const struct hostile *h)
{
	struct world w;
	struct str tar;
	char named[200];

	begin(&w, &tar);
	for (int i = 0; i < 2 && h->before[i].type; i++)
		tar_add(&tar, h->before[i].type, h->before[i].name, h->before[i].link, 0755);
	tar_add(&tar, h->type, h->name, h->link, 0755);
	tar_file(&tar, "after", "", 0644);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	snprintf(named, sizeof named, "archive entry %s: ", h->name);
	if (strncmp(w.e.text, named, strlen(named))) CHECK_STR(w.e.text, named);
	if (!strstr(w.e.text, h->why)) CHECK_STR(w.e.text, h->why);
	CHECK(faccessat(w.inside, "after", F_OK, 0) < 0);
	CHECK(access("/etc/jlmkr-was-here", F_OK) < 0);
	world_drop(&w);
}

TEST(hostile_entries_are_refused_by_name_and_change_nothing_outside)
{
	for (size_t i = 0; i < sizeof hostiles / sizeof *hostiles; i++) refuse(&hostiles[i]);
}

TEST(a_hard_link_to_a_link_stays_a_link)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	tar_add(&tar, TAR_LINK, "a", "../outside/kept", 0777);
	tar_add(&tar, TAR_HARD, "b", "a", 0666);
	tar_end(&tar);
	unpack_well(&w, &tar);
	CHECK_INT(look(&w, "b").st_mode & S_IFMT, S_IFLNK);
	world_drop(&w);
}

static struct str sample(struct world *w)
{
	struct str tar = { .m = &w->m };

	for (int i = 0; i < 200; i++) {
		char name[32];
		struct str text = { .m = &w->m };

		for (int k = 0; k < 100 * (i % 7); k++) str_addf(&text, "%d of %d\n", k * i, k);
		snprintf(name, sizeof name, "dir%d/file%d", i % 10, i);
		tar_file(&tar, name, str_text(&text), 0644);
	}
	tar_file(&tar, "last", "done", 0644);
	tar_end(&tar);
	return tar;
}

TEST(every_compression_is_understood)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_XZ,
	                               ARCHIVE_FILTER_GZIP,
				       ARCHIVE_FILTER_ZSTD };

	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		struct world w;
		struct str tar;

		begin(&w, &tar);
		tar = sample(&w);
		tar = tar_squeeze(&tar, filters[i]);
		CHECK_INT(unpack_well(&w, &tar).entries, 201);
		CHECK_STR(text_of(&w, "last"), "done");
		world_drop(&w);
	}
}

/* In blocks, as `xz -T0` makes them: they are decoded by threads, behind the walls. */
static struct str squeeze_in_blocks(const struct str *tar)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_mt how = { .threads = 2, .block_size = 8 << 10, .preset = 0,
	                .check = LZMA_CHECK_CRC64 };
	struct str out = { .m = tar->m };
	size_t room = tar->len + (1 << 20);
	uint8_t *buf = arena_alloc(tar->m, room);

	CHECK_INT(lzma_stream_encoder_mt(&s, &how), LZMA_OK);
	s.next_in = (const uint8_t *)tar->s;
	s.avail_in = tar->len;
	s.next_out = buf;
	s.avail_out = room;
	CHECK_INT(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
	str_addn(&out, buf, s.total_out);
	lzma_end(&s);
	return out;
}

static unsigned threads_of(struct world *w, pid_t pid)
{
	char path[64];
	const char *status;
	unsigned n = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	status = read_file(&w->m, AT_FDCWD, path, 1 << 20, NULL, NULL);
	if (status && (status = strstr(status, "Threads:"))) sscanf(status, "Threads: %u", &n);
	return n;
}

TEST(threads_decode_what_is_in_blocks)
{
	struct world w;
	struct str tar;
	struct unpack u;
	struct unpack_report r;
	unsigned most = 1;

	begin(&w, &tar);
	tar = sample(&w);
	tar = squeeze_in_blocks(&tar);
	signals_catch();
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	/* All but the end: the threads wait for it. */
	CHECK_INT(unpack_feed(&u, tar.s, tar.len - 1, &w.e), 0);
	for (int i = 0; i < 100 && most < 2; i++) {
		usleep(20000);
		if (threads_of(&w, u.pid) > most) most = threads_of(&w, u.pid);
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) CHECK(most > 1);
	/* ^Z and fg */
	kill(u.pid, SIGSTOP);
	usleep(1000);
	kill(u.pid, SIGCONT);
	CHECK_INT(unpack_feed(&u, tar.s + tar.len - 1, 1, &w.e), 0);
	if (unpack_end(&u, &r, &w.e) < 0) CHECK_STR(w.e.text, "");
	CHECK_INT(r.entries, 201);
	CHECK_STR(text_of(&w, "last"), "done");
	world_drop(&w);
}

TEST(an_end_in_the_middle_is_a_fault_in_every_compression)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_XZ,
	                               ARCHIVE_FILTER_GZIP,
				       ARCHIVE_FILTER_ZSTD };

	for (size_t i = 0; i < 4 * 8; i++) {
		struct world w;
		struct str tar;
		size_t all;

		begin(&w, &tar);
		tar = sample(&w);
		all = tar.len - 1024;	/* plain tar has nothing but zeros behind that */
		tar = tar_squeeze(&tar, filters[i % 4]);
		if (i % 4) all = tar.len;
		tar.len = i / 4 == 7 ? all - 1 : all * (i / 4) / 7;
		if (tar.len == all) tar.len -= 4;
		CHECK_INT(unpack_tar(&w, &tar), -1);
		CHECK_INT(w.e.kind, ERR_INPUT);
		world_drop(&w);
	}
}

TEST(a_flipped_byte_is_seen_by_xz)
{
	for (int i = 1; i < 20; i++) {
		struct world w;
		struct str tar;

		begin(&w, &tar);
		tar = sample(&w);
		tar = tar_squeeze(&tar, ARCHIVE_FILTER_XZ);
		tar.s[tar.len * (size_t)i / 20] ^= 0x10;
		CHECK_INT(unpack_tar(&w, &tar), -1);
		world_drop(&w);
	}
}

TEST(what_is_no_archive_is_refused)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	str_add(&tar, "");
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_STR(w.e.text, "the archive is empty");

	for (int i = 0; i < 5000; i++) str_addc(&tar, (char)(i * i * 7 + i / 3));
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_INT(w.e.kind, ERR_INPUT);

	tar.len = 0;
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_STR(w.e.text, "the archive has no entries");

	tar.len = 0;
	str_add(&tar, "BZh91AY&SY and so on");
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK(strstr(w.e.text, "bzip2"));

	tar.len = 0;
	str_add(&tar, "<!DOCTYPE html><html><body>Not found</body></html>");
	CHECK_INT(unpack_tar(&w, &tar), -1);
	world_drop(&w);
}

TEST(sizes_that_lie_are_refused)
{
	struct world w;
	struct str tar, pax;
	struct tar_head h = tar_head(TAR_FILE, "file", "", 0644, 077777777777);

	begin(&w, &tar);
	str_addn(&tar, &h, sizeof h);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_STR(w.e.text, "archive entry file: the archive ends too early");
	CHECK_INT(unlinkat(w.inside, "file", 0), 0);

	tar.len = 0;
	pax = (struct str){ .m = &w.m };
	pax_text(&pax, "size", "9223372036854775807");
	tar_pax(&tar, &pax);
	tar_file(&tar, "file", "text", 0644);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);

	tar.len = pax.len = 0;
	pax_text(&pax, "GNU.sparse.major", "0");
	pax_text(&pax, "GNU.sparse.minor", "1");
	pax_text(&pax, "GNU.sparse.size", "4");
	pax_text(&pax, "GNU.sparse.map", "1000000,4");
	tar_pax(&tar, &pax);
	tar_file(&tar, "file", "text", 0644);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_INT(w.e.kind, ERR_INPUT);
	world_drop(&w);
}

TEST(limits_hold)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	tar = sample(&w);
	CHECK_INT(feed_all(&w, tar.s, tar.len,
	                   &(struct unpack_limits){ .bytes = 100000, .entries = 1000 }, NULL),
	                   -1);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	CHECK(strstr(w.e.text, "more than 0.1 MiB; --max-size"));
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	CHECK_INT(feed_all(&w, tar.s, tar.len,
	                   &(struct unpack_limits){ .bytes = 1 << 30, .entries = 200 }, NULL),
	                   -1);
	CHECK(strstr(w.e.text, "more than 200 files; --max-files"));
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	CHECK_INT(feed_all(&w, tar.s, tar.len,
	                   &(struct unpack_limits){ .bytes = tar.len, .entries = 211 }, NULL),
	                   0);
	world_drop(&w);
}

static int count_made(struct world *w)
{
	const char *count;

	CHECK_INT(world_shell(w, "find inside -mindepth 1 | wc -l > count"), 0);
	CHECK((count = read_file(&w->m, w->top, "count", 30, NULL, &w->e)));
	CHECK_INT(unlinkat(w->top, "count", 0), 0);
	return atoi(count);
}

TEST(directories_on_the_way_count_as_files)
{
	struct world w;
	struct str tar;
	struct unpack_limits limits = { .entries = 5 };
	struct unpack_report r;

	begin(&w, &tar);
	tar_file(&tar, "a/b/c/file", "", 0644);
	tar_file(&tar, "a/b/x", "", 0644);
	tar_end(&tar);
	CHECK_INT(feed_all(&w, tar.s, tar.len, &limits, &r), 0);
	CHECK_INT(r.entries, 2);
	CHECK_INT(count_made(&w), 5);
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	limits.entries = 4;
	CHECK_INT(feed_all(&w, tar.s, tar.len, &limits, NULL), -1);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	CHECK_STR(w.e.text, "the archive has more than 4 files; --max-files sets the limit");
	CHECK(count_made(&w) <= 4);
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);

	/* Few names, many directories. */
	tar.len = 0;
	for (int i = 0; i < 20; i++) {
		char name[100] = "";

		snprintf(name, sizeof name, "%d/", i);
		for (int k = 0; k < 40; k++) strcat(name, "d/");
		strcat(name, "x");
		tar_file(&tar, name, "", 0644);
	}
	tar_end(&tar);
	limits.entries = 100;
	CHECK_INT(feed_all(&w, tar.s, tar.len, &limits, NULL), -1);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	CHECK(strstr(w.e.text, "more than 100 files; --max-files"));
	CHECK(count_made(&w) <= 100);
	world_drop(&w);
}

TEST(attributes_count_as_files_and_have_a_limit)
{
	struct world w;
	struct str tar, pax;
	struct unpack_limits limits = { .entries = 102 };

	begin(&w, &tar);
	pax = (struct str){ .m = &w.m };
	for (int i = 0; i < 100; i++) {
		char name[64];

		snprintf(name, sizeof name, "SCHILY.xattr.%s.a%d", i % 10 ? "user" : "trusted",
		         i);
		pax_text(&pax, name, "");
	}
	tar_pax(&tar, &pax);
	tar_file(&tar, "file", "", 0644);
	tar_file(&tar, "other", "", 0644);
	tar_end(&tar);
	limits.entries = 91;	/* a file and 90 attributes: those of the kernel are not kept */
	CHECK_INT(feed_all(&w, tar.s, tar.len, &limits, NULL), -1);
	CHECK(strstr(w.e.text, "more than 91 files; --max-files"));
	CHECK(is_there(&w, "file"));
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	limits.entries = 92;
	CHECK_INT(feed_all(&w, tar.s, tar.len, &limits, NULL), 0);

	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	for (int i = 0; i < 200; i++) {
		char name[64];

		snprintf(name, sizeof name, "SCHILY.xattr.security.b%d", i);
		pax_text(&pax, name, "");
	}
	tar.len = 0;
	tar_pax(&tar, &pax);
	tar_file(&tar, "file", "", 0644);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_STR(w.e.text, "archive entry file: it has too many attributes");
	world_drop(&w);
}

/* A byte every 8 KiB takes a block of the disk each time. */
TEST(the_pieces_of_a_sparse_file_count_as_blocks)
{
	struct world w;
	struct str tar, pax, map;
	struct unpack_limits limits = { .bytes = 1 << 20 };

	begin(&w, &tar);
	pax = map = (struct str){ .m = &w.m };
	for (int i = 0; i < 300; i++) str_addf(&map, "%s%d,1", i ? "," : "", i * 8192);
	pax_text(&pax, "GNU.sparse.size", "4000000");
	pax_text(&pax, "GNU.sparse.map", str_text(&map));
	tar_pax(&tar, &pax);
	map.len = 0;
	for (int i = 0; i < 300; i++) str_addc(&map, 'x');
	tar_file(&tar, "holes", str_text(&map), 0644);
	tar_end(&tar);
	CHECK_INT(feed_all(&w, tar.s, tar.len, &limits, NULL), -1);
	CHECK(strstr(w.e.text, "more than 1.0 MiB; --max-size"));
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	limits.bytes = 2 << 20;
	CHECK_INT(feed_all(&w, tar.s, tar.len, &limits, NULL), 0);
	CHECK_INT(look(&w, "holes").st_size, 4000000);
	world_drop(&w);
}

/* They are kept until the end, when the names are known. */
TEST(acls_with_names_take_a_limited_part_of_the_memory)
{
	enum { NAME = 100000, FILES = 200 };
	struct world w;
	struct str tar, pax, acl, users;
	struct unpack_report r;

	begin(&w, &tar);
	pax = acl = users = (struct str){ .m = &w.m };
	str_add(&acl, "user::rw-,user:");
	for (int i = 0; i < NAME; i++) str_addc(&acl, 'n');
	str_addn(&users, acl.s + strlen("user::rw-,user:"), NAME);
	str_add(&acl, ":r--,group::r--,mask::rw-,other::---");
	str_add(&users, ":x:77:77::/:/bin/sh\n");
	tar_file(&tar, "etc/passwd", str_text(&users), 0644);
	pax_text(&pax, "SCHILY.acl.access", str_text(&acl));
	for (int i = 0; i < FILES; i++) {
		char name[16];

		snprintf(name, sizeof name, "file%d", i);
		tar_pax(&tar, &pax);
		tar_file(&tar, name, "", 0640);
	}
	tar_end(&tar);
	r = unpack_well(&w, &tar);
	if (r.bare == FILES) {
		world_drop(&w);
		SKIP("the file system of /tmp has no ACLs");
	}
	CHECK(r.bare > 0 && r.bare < FILES / 2);
	world_drop(&w);
}

TEST(names_too_long_and_too_deep_are_refused)
{
	struct world w;
	struct str tar, pax, name;

	begin(&w, &tar);
	pax = name = (struct str){ .m = &w.m };
	for (int i = 0; i < 300; i++) str_add(&name, "d/");
	str_add(&name, "x");
	pax_text(&pax, "path", str_text(&name));
	tar_pax(&tar, &pax);
	tar_file(&tar, "x", "", 0644);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK(strstr(w.e.text, "directories deep"));
	CHECK_INT(world_shell(&w, "rm -rf inside/d"), 0);

	tar.len = pax.len = name.len = 0;
	for (int i = 0; i < 256; i++) str_addc(&name, 'n');
	pax_text(&pax, "path", str_text(&name));
	tar_pax(&tar, &pax);
	tar_file(&tar, "x", "", 0644);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK(strstr(w.e.text, "too long"));
	world_drop(&w);
}

TEST(gnu_tar_s_sparse_files_keep_their_holes)
{
	static const char *const how[] = { "gnu", "posix --sparse-version=0.0",
					   "posix --sparse-version=0.1",
					   "posix --sparse-version=1.0" };

	for (size_t i = 0; i < 4; i++) {
		struct world w;
		struct str tar;
		char command[500];
		struct stat st;

		begin(&w, &tar);
		snprintf(command, sizeof command,
		         "cd inside && truncate -s 30M holes && "
		         "for n in 1 9 17 28; do printf part$n | dd of=holes bs=1M seek=$n "
		         "conv=notrunc 2>&-; done;"
		         "tar -cSf ../all.tar --format=%s holes && md5sum < holes > ../sum && "
		         "rm holes", how[i]);
		CHECK_INT(world_shell(&w, command), 0);
		tar.s = read_file(&w.m, w.top, "all.tar", 1 << 20, &tar.len, &w.e);
		CHECK(tar.s);
		unpack_well(&w, &tar);
		st = look(&w, "holes");
		CHECK_INT(st.st_size, 30 << 20);
		CHECK(st.st_blocks < 1000);
		CHECK_INT(world_shell(&w,
		                      "md5sum < inside/holes | cmp - sum && rm sum all.tar"),
		                      0);
		world_drop(&w);
	}
}

TEST(the_directory_must_be_empty)
{
	struct world w;
	struct str tar;

	begin(&w, &tar);
	CHECK_INT(world_shell(&w, "touch inside/x"), 0);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_INT(w.e.kind, ERR_EXISTS);
	world_drop(&w);
}

/* Until it waits for the archive: its status then, valid until the next call. */
static const char *wait_for_child(const struct unpack *u)
{
	static struct arena m;
	char path[64];
	const char *status = NULL;

	arena_free(&m);
	snprintf(path, sizeof path, "/proc/%d/status", (int)u->pid);
	for (int i = 0; i < 500; i++) {
		status = read_file(&m, AT_FDCWD, path, 1 << 20, NULL, NULL);
		if (status && strstr(status, "Seccomp:\t2") && strstr(status, "State:\tS"))
			break;
		usleep(10000);
	}
	return status;
}

TEST(what_waits_for_the_child_can_be_interrupted)
{
	struct world w;
	struct str tar;
	struct unpack u;

	begin(&w, &tar);
	tar_file(&tar, "file", "text", 0644);
	signals_catch();
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	CHECK_INT(unpack_feed(&u, tar.s, tar.len, &w.e), 0);
	raise(SIGTERM);
	CHECK_INT(unpack_end(&u, NULL, &w.e), -1);
	CHECK_INT(w.e.kind, ERR_INTERRUPTED);
	signal_forget();
	CHECK_INT(u.pid, 0);
	unpack_abort(&u);
	world_drop(&w);
}

TEST(a_child_that_dies_is_told)
{
	struct world w;
	struct str tar;
	struct unpack u;

	begin(&w, &tar);
	signals_catch();
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	kill(u.pid, SIGKILL);
	CHECK_INT(unpack_end(&u, NULL, &w.e), -1);
	CHECK(strstr(w.e.text, "killed by signal 9"));
	world_drop(&w);
}

TEST(what_a_dying_child_writes_is_told)
{
	static const char cry[] = "jlmkr: out of memory\n";
	struct world w;
	struct str tar;
	struct unpack u;
	char path[64];
	int fd;

	begin(&w, &tar);
	signals_catch();
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	wait_for_child(&u);
	snprintf(path, sizeof path, "/proc/%d/fd/2", (int)u.pid);
	CHECK((fd = open(path, O_WRONLY | O_CLOEXEC)) >= 0);
	CHECK_INT(write(fd, cry, sizeof cry - 1), sizeof cry - 1);
	close(fd);
	kill(u.pid, SIGKILL);
	CHECK_INT(unpack_end(&u, NULL, &w.e), -1);
	CHECK_STR(w.e.text, "the unpacking process died: jlmkr: out of memory");
	world_drop(&w);
}

TEST(aborting_leaves_no_child)
{
	struct world w;
	struct str tar;
	struct unpack u;
	pid_t pid;

	begin(&w, &tar);
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	pid = u.pid;
	unpack_abort(&u);
	CHECK(kill(pid, 0) < 0 && errno == ESRCH);
	unpack_abort(&u);
	unpack_abort(&(struct unpack){ 0 });
	world_drop(&w);
}

static const char *link_of(struct world *w, pid_t pid, const char *name)
{
	char path[64], target[200] = "";

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	CHECK(readlink(path, target, sizeof target - 1) > 0);
	return arena_strdup(&w->m, target);
}

static bool may_have_networks(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) _exit(unshare(CLONE_NEWNET) < 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static unsigned long long caps_in(const char *status)
{
	unsigned long long caps = 0;

	CHECK(status && strstr(status, "CapPrm:"));
	sscanf(strstr(status, "CapPrm:"), "CapPrm: %llx", &caps);
	return caps;
}

TEST(the_child_has_no_more_than_it_needs)
{
	struct world w;
	struct str tar;
	struct unpack u;
	char path[64];
	const char *status;
	int fds = 0;
	DIR *dir;

	begin(&w, &tar);
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	status = wait_for_child(&u);
	CHECK_INT(caps_in(status) & ~0x8800001bULL, 0);
	CHECK(strstr(status, "NoNewPrivs:\t1"));
	CHECK(strstr(status, "Seccomp:\t2"));
	CHECK(strstr(link_of(&w, u.pid, "root"), "/inside"));
	CHECK_STR(link_of(&w, u.pid, "fd/2"), link_of(&w, u.pid, "fd/1"));
	if (may_have_networks())
		CHECK(strcmp(link_of(&w, u.pid, "ns/net"), link_of(&w, getpid(), "ns/net")));
	snprintf(path, sizeof path, "/proc/%d/fd", (int)u.pid);
	CHECK((dir = opendir(path)));
	while (readdir(dir)) fds++;
	closedir(dir);
	CHECK_INT(fds, 2 + 4);	/* ".", ".."; archive, last words twice, the root */
	unpack_abort(&u);

	/* Without devices it has no need for CAP_MKNOD. */
	CHECK_INT(unpack_begin(&u, w.inside, &(struct unpack_limits){ .no_devices = true },
	                       &w.e), 0);
	CHECK_INT(caps_in(wait_for_child(&u)) & ~0x8000001bULL, 0);
	unpack_abort(&u);
	world_drop(&w);
}

/* Whatever it has read, or has of its parent, is in no core, and nobody's to look at who
 * may not trace others. */
TEST(the_child_s_memory_is_closed)
{
	struct world w;
	struct str tar;
	struct unpack u;
	char path[64];
	int status;
	pid_t pid;

	begin(&w, &tar);
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	wait_for_child(&u);
	snprintf(path, sizeof path, "/proc/%d/mem", (int)u.pid);
	if ((pid = fork()) == 0) {
		give_up(CAP_SYS_PTRACE);
		_exit(open(path, O_RDONLY | O_CLOEXEC) < 0 ? 0 : 1);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	unpack_abort(&u);
	world_drop(&w);
}

TEST(a_full_disk_is_told)
{
	struct world w;
	struct str tar, text;
	char point[128];

	begin(&w, &tar);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		world_drop(&w);
		SKIP("no mount namespaces here");
	}
	snprintf(point, sizeof point, "%s/inside", w.path);
	CHECK_INT(mount("none", point, "tmpfs", 0, "size=64k"), 0);
	close(w.inside);
	w.inside = open(point,
	                O_RDONLY | O_DIRECTORY | O_CLOEXEC);	/* in the new namespace */
	text = (struct str){ .m = &w.m };
	for (int i = 0; i < 100000; i++) str_addc(&text, 'x');
	tar_file(&tar, "dir/large", str_text(&text), 0644);
	tar_end(&tar);
	CHECK_INT(unpack_tar(&w, &tar), -1);
	CHECK_STR(w.e.text, "archive entry dir/large: write: No space left on device");
	CHECK_INT(w.e.sys, ENOSPC);
	close(w.inside);
	CHECK_INT(umount(point), 0);
	w.inside = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	world_drop(&w);
}
