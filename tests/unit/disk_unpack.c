#include "lib/disk/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "lib/base/wait.h"
#include "tests/unit/disk_tar.h"
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
	pax_text(&pax, "SCHILY.acl.access", "user::rw-,group::r--,group:web:rw-,mask::rw-,other::---");
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
	pax_text(&pax, "SCHILY.acl.access", "user::rw-,user:nobodyknows:r--,group::r--,mask::r--,other::---");
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
	pax_text(&pax, "SCHILY.acl.default", "user::rwx,group::rwx,group:5:rwx,mask::rwx,other::rwx");
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
	static const char *const names[] = { "e\xcc\x81", "\xc3\xa9", "latin\xf6", "\xf0\x9f\x98\x80",
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
	{ "../../etc/x", TAR_FILE, "", "has .. in it", NOTHING },
	{ "../outside/x", TAR_FILE, "", "has .. in it", NOTHING },
	{ "a/../../outside/x", TAR_FILE, "", "has .. in it", { { TAR_DIR, "a", "" } } },
	{ "..", TAR_DIR, "", "has .. in it", NOTHING },
	{ "./..", TAR_LINK, "x", "has .. in it", NOTHING },
	{ "/etc/jlmkr-was-here", TAR_FILE, "", "absolute", NOTHING },
	{ "//x", TAR_FILE, "", "absolute", NOTHING },
	{ "/", TAR_DIR, "", "absolute", NOTHING },
	{ "a/outside/x", TAR_FILE, "", "through the link a", { { TAR_LINK, "a", "/" } } },
	{ "a/outside/x", TAR_FILE, "", "through the link a", { { TAR_LINK, "a", ".." } } },
	{ "a/x", TAR_DIR, "", "through the link a", { { TAR_LINK, "a", "../outside" } } },
	{ "a/x", TAR_LINK, "y", "through the link a", { { TAR_LINK, "a", "b" }, { TAR_DIR, "b", "" } } },
	{ "d/a/x", TAR_FIFO, "", "through the link d/a", { { TAR_DIR, "d", "" }, { TAR_LINK, "d/a", "/" } } },
	{ "a", TAR_FILE, "", "replace a link", { { TAR_LINK, "a", "../outside/kept" } } },
	{ "a", TAR_DIR, "", "link a", { { TAR_LINK, "a", "../outside" } } },
	{ "a", TAR_LINK, "b", "replace a link", { { TAR_LINK, "a", "../outside/kept" } } },
	{ "a", TAR_CHAR, "", "replace a link", { { TAR_LINK, "a", "../outside/kept" } } },
	{ "a", TAR_HARD, "f", "replace a link", { { TAR_LINK, "a", "../outside/kept" }, { TAR_FILE, "f", "" } } },
	{ "h", TAR_HARD, "../outside/kept", "has .. in it", NOTHING },
	{ "h", TAR_HARD, "/etc/passwd", "absolute", NOTHING },
	{ "h", TAR_HARD, "a/kept", "through a link", { { TAR_LINK, "a", "../outside" } } },
	{ "h", TAR_HARD, "nowhere", "No such file", NOTHING },
	{ "h", TAR_HARD, ".", "hard link to the root", NOTHING },
	{ "h", TAR_HARD, "d", "hard link to d", { { TAR_DIR, "d", "" } } },
	{ "h", TAR_HARD, "h", "itself", { { TAR_FILE, "h", "" } } },
	{ "./", TAR_LINK, "../outside", "root", NOTHING },
	{ ".", TAR_FILE, "", "root", NOTHING },
	{ "f/x", TAR_FILE, "", "no directory", { { TAR_FILE, "f", "" } } },
	{ "d", TAR_FILE, "", "a directory of that name", { { TAR_DIR, "d", "" } } },
	{ "f", TAR_DIR, "", "no directory", { { TAR_FILE, "f", "" } } },
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
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_GZIP,
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

TEST(an_end_in_the_middle_is_a_fault_in_every_compression)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_GZIP,
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
	CHECK_STR(w.e.text, "the archive has nothing in it");

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
	CHECK_INT(feed_all(&w, tar.s, tar.len, &(struct unpack_limits){ 100000, 1000 }, NULL), -1);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	CHECK(strstr(w.e.text, "more than 0 MiB; --max-size"));
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	CHECK_INT(feed_all(&w, tar.s, tar.len, &(struct unpack_limits){ 1 << 30, 200 }, NULL), -1);
	CHECK(strstr(w.e.text, "more than 200 files; --max-files"));
	CHECK_INT(world_shell(&w, "rm -rf inside/*"), 0);
	CHECK_INT(feed_all(&w, tar.s, tar.len, &(struct unpack_limits){ tar.len, 201 }, NULL), 0);
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
					   "posix --sparse-version=0.1", "posix --sparse-version=1.0" };

	for (size_t i = 0; i < 4; i++) {
		struct world w;
		struct str tar;
		char command[500];
		struct stat st;

		begin(&w, &tar);
		snprintf(command, sizeof command,
		         "cd inside && truncate -s 30M holes && "
		         "for n in 1 9 17 28; do printf part$n | dd of=holes bs=1M seek=$n conv=notrunc 2>&-; done;"
		         "tar -cSf ../all.tar --format=%s holes && md5sum < holes > ../sum && rm holes", how[i]);
		CHECK_INT(world_shell(&w, command), 0);
		tar.s = read_file(&w.m, w.top, "all.tar", 1 << 20, &tar.len, &w.e);
		CHECK(tar.s);
		unpack_well(&w, &tar);
		st = look(&w, "holes");
		CHECK_INT(st.st_size, 30 << 20);
		CHECK(st.st_blocks < 1000);
		CHECK_INT(world_shell(&w, "md5sum < inside/holes | cmp - sum && rm sum all.tar"), 0);
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

TEST(the_child_has_no_more_than_it_needs)
{
	struct world w;
	struct str tar;
	struct unpack u;
	char path[64], target[200];
	const char *status;
	unsigned long long caps = 0;
	int fds = 0;
	DIR *dir;

	begin(&w, &tar);
	CHECK_INT(unpack_begin(&u, w.inside, NULL, &w.e), 0);
	usleep(200000);		/* it waits for the archive now */
	snprintf(path, sizeof path, "/proc/%d/status", (int)u.pid);
	status = read_file(&w.m, AT_FDCWD, path, 1 << 20, NULL, &w.e);
	CHECK(status && strstr(status, "CapPrm:"));
	sscanf(strstr(status, "CapPrm:"), "CapPrm: %llx", &caps);
	CHECK_INT(caps & ~0x8800001bULL, 0);
	CHECK(strstr(status, "NoNewPrivs:\t1"));
	snprintf(path, sizeof path, "/proc/%d/root", (int)u.pid);
	memset(target, 0, sizeof target);
	CHECK(readlink(path, target, sizeof target - 1) > 0);
	CHECK(strstr(target, "/inside"));
	snprintf(path, sizeof path, "/proc/%d/fd", (int)u.pid);
	CHECK((dir = opendir(path)));
	while (readdir(dir)) fds++;
	closedir(dir);
	CHECK_INT(fds, 2 + 4);	/* ".", ".."; archive, last words, stderr, the root */
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
	w.inside = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);	/* in the new namespace */
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
