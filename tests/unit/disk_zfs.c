#include "lib/disk/zfs.h"

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/disk/mount.h"
#include "tests/unit/test.h"

static const char table[] =
	"24 1 0:63 / /mnt/my\\040tank rw shared:1 - zfs my\\040tank rw,xattr,posixacl\n"
	"25 24 0:64 / /mnt/my\\040tank/jm rw shared:2 - fuse.zfs my\\040tank/jm rw\n"
	"26 25 0:64 /jails /mnt/my\\040tank/bound rw shared:2 - zfs my\\040tank/jm rw\n"
	"27 25 0:65 / /mnt/my\\040tank/jm/tmp rw - tmpfs tmpfs rw\n";

TEST(a_directory_is_a_dataset_when_one_is_mounted_there)
{
	AUTOFREE struct arena m = { 0 };
	struct mounts t;

	CHECK_INT(mounts_parse(&m, table, &t, NULL), 0);
	CHECK_STR(zfs_at(&t, "/mnt/my tank"), "my tank");
	CHECK_STR(zfs_at(&t, "/mnt/my tank/jm"), "my tank/jm");
	CHECK(!zfs_at(&t, "/mnt/my tank/jm/jails"));
	CHECK(!zfs_at(&t, "/mnt/my tank/jm/tmp"));
}

TEST(a_part_of_a_dataset_that_is_bound_elsewhere_is_none)
{
	AUTOFREE struct arena m = { 0 };
	struct mounts t;

	CHECK_INT(mounts_parse(&m, table, &t, NULL), 0);
	CHECK(!zfs_at(&t, "/mnt/my tank/bound"));
}

static bool says_not_mounted(const char *text)
{
	struct err e = { 0 };

	fail(&e, ERR_HOST, "%s", text);
	return zfs_says_not_mounted(&e);
}

TEST(a_dataset_that_was_created_and_not_mounted)
{
	CHECK(says_not_mounted("zfs: cannot mount '/mnt/tank/jails/.create-web-0': directory "
	                       "is not "
	                       "empty; filesystem successfully created, but not mounted"));
	CHECK(says_not_mounted("zfs: cannot mount 'tank/jails/.create-web-0': failed to create "
	                       "mountpoint: Read-only file system"));
	CHECK(!says_not_mounted("zfs: cannot create 'tank/mount/jails/.create-web-0': out of "
	                        "space"));
	CHECK(!says_not_mounted("zfs: cannot create 'tank/cannot mount/.create-mount-0': "
	                        "dataset "
	                        "already exists"));
	CHECK(!says_not_mounted("timed out"));
}

TEST(what_belongs_to_a_dataset)
{
	CHECK(zfs_is_within("tank/a", "tank/a"));
	CHECK(zfs_is_within("tank/a/b", "tank/a"));
	CHECK(zfs_is_within("tank/a@s", "tank/a"));
	CHECK(zfs_is_within("tank/a/b@s", "tank/a"));
	CHECK(!zfs_is_within("tank/ab", "tank/a"));
	CHECK(!zfs_is_within("tank", "tank/a"));
	CHECK(!zfs_is_within("-", "tank/a"));
}

TEST(what_is_in_one_pool)
{
	CHECK(zfs_is_same_pool("tank", "tank/a"));
	CHECK(zfs_is_same_pool("tank/a", "tank/b/c"));
	CHECK(!zfs_is_same_pool("tank/a", "tank2/a"));
	CHECK(!zfs_is_same_pool("tank2", "tank"));
}
