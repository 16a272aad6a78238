#include "lib/disk/mount.h"

#include "tests/unit/disk_world.h"

static const char text[] =
	"22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
	"31 22 0:40 / /mnt/tank rw,noatime shared:2 master:3 - zfs tank rw,xattr,posixacl\n"
	"32 31 0:41 / /mnt/tank/my\\040jails rw - fuse.zfs tank/my\\040jails rw\n"
	"33 31 0:42 /a\\134b /mnt/tank/jails rw - tmpfs  rw\n"
	"34 33 0:43 / /mnt/tank/jails rw - tmpfs second rw\n"
	"35 31 0:44 / /mnt/tank/jails2\\011\\012 rw propagate_from:1 unbindable - proc x rw\n";

static void parse(struct arena *m, struct mounts *t)
{
	struct err e = { 0 };

	if (mounts_parse(m, text, t, &e) < 0) CHECK_STR(e.text, "");
}

TEST(fields_are_read_and_unescaped)
{
	struct arena m = { 0 };
	struct mounts t;

	parse(&m, &t);
	CHECK_INT(t.n, 6);
	CHECK_INT(t.v[1].id, 31);
	CHECK_INT(t.v[1].parent, 22);
	CHECK_INT(t.v[1].minor, 40);
	CHECK_STR(t.v[1].type, "zfs");
	CHECK_STR(t.v[1].options, "rw,noatime");
	CHECK_STR(t.v[1].super, "rw,xattr,posixacl");
	CHECK_STR(t.v[2].point, "/mnt/tank/my jails");
	CHECK_STR(t.v[2].source, "tank/my jails");
	CHECK_STR(t.v[3].root, "/a\\b");
	CHECK_STR(t.v[3].source, "");
	CHECK_STR(t.v[5].point, "/mnt/tank/jails2\t\n");
	arena_free(&m);
}

TEST(the_topmost_mount_counts)
{
	struct arena m = { 0 };
	struct mounts t;

	parse(&m, &t);
	CHECK_INT(mount_at(&t, "/mnt/tank/jails")->id, 34);
	CHECK_INT(mount_at(&t, "/mnt/tank/my jails")->id, 32);
	CHECK(!mount_at(&t, "/mnt/tank/jails/x"));
	CHECK(!mount_at(&t, "/mnt"));
	arena_free(&m);
}

TEST(beneath_is_a_matter_of_whole_names)
{
	struct arena m = { 0 };
	struct mounts t;
	const struct mount *c;

	parse(&m, &t);
	c = mount_beneath(&t, "/mnt/tank/jails", NULL);
	CHECK_INT(c->id, 33);
	c = mount_beneath(&t, "/mnt/tank/jails", c);
	CHECK_INT(c->id, 34);
	CHECK(!mount_beneath(&t, "/mnt/tank/jails", c));
	CHECK_INT(mount_beneath(&t, "/", NULL)->id, 22);
	CHECK(mount_path_in("/mnt/tank", "/mnt"));
	CHECK(mount_path_in("/mnt", "/mnt/"));
	CHECK(mount_path_in("/mnt", "/"));
	CHECK(!mount_path_in("/mntx", "/mnt"));
	CHECK(!mount_path_in("/mn", "/mnt"));
	arena_free(&m);
}

TEST(what_is_no_mountinfo_is_a_fault)
{
	static const char *const bad[] = {
		"x", "1 2 3:4 / / rw", "1 2 3:4 / / rw - ext4 x", "1 2 3 / / rw - ext4 x rw",
		"-1 2 3:4 / / rw - ext4 x rw", "1 2 3:4 / point rw - ext4 x rw",
		"1 2 3:99999999999 / / rw - ext4 x rw", "\n",
		"1 2 3:4 / / rw shared:1 ext4 x rw",
	};
	struct arena m = { 0 };
	struct mounts t;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };

		CHECK_INT(mounts_parse(&m, bad[i], &t, &e), -1);
		CHECK_INT(e.kind, ERR_HOST);
	}
	CHECK_INT(mounts_parse(&m, "", &t, NULL), 0);
	CHECK_INT(t.n, 0);
	arena_free(&m);
}

TEST(an_open_directory_finds_its_mount_and_its_path)
{
	struct world w;
	struct mounts t;
	const struct mount *c;
	const char *path;

	world_make(&w);
	CHECK_INT(mounts_read(&w.m, &t, &w.e), 0);
	CHECK((c = mount_of(&t, w.inside, &w.e)));
	CHECK((path = mount_fd_path(&w.m, w.inside, &w.e)));
	CHECK(strstr(path, "/inside"));
	CHECK(mount_path_in(path, c->point));
	unlinkat(w.top, "inside", AT_REMOVEDIR);
	CHECK(!mount_fd_path(&w.m, w.inside, &w.e));
	mkdirat(w.top, "inside", 0755);
	world_drop(&w);
}

TEST(what_keeps_files)
{
	static const char *const types[][2] = {
		{ "zfs", "1" }, { "ext4", "1" }, { "tmpfs", "1" }, { "fuse.zfs", "0" },
		{ "fuse", "0" },
		{ "nfs4", "0" }, { "proc", "0" }, { "autofs", "0" }, { "", "0" },
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		CHECK_INT(mount_keeps_files(&(struct mount){ .type = types[i][0] }),
		          *types[i][1] == '1');
}
