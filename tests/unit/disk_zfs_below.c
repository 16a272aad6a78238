#include "lib/disk/zfs_below.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/disk/zfs_items.h"
#include "tests/unit/disk_world.h"

#define THING(at, ...) { .name = at, .origin = "-", __VA_ARGS__ }

/* A jail with a snapshot that is older than one of the datasets below it. */
static struct zfs_item jail[] = {
	THING("p/web", .txg = 1), THING("p/web@a", .txg = 5), THING("p/web@b", .txg = 9),
	THING("p/web/data", .txg = 2, .mounted = true), THING("p/web/data@a", .txg = 5),
	THING("p/web/data@b", .txg = 9),
	THING("p/web/late", .txg = 7, .mountpoint = "none"), THING("p/web/late@b", .txg = 9),
	THING("p/web/vol", .txg = 3, .mountpoint = "-"), THING("p/web/vol@a", .txg = 5),
};
static const struct zfs_items all = { jail, sizeof jail / sizeof *jail };

TEST(those_that_were_there_are_chosen)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct zfs_below b;

	CHECK_INT(zfs_below_choose(&m, &all, "a", &b, &e), 0);
	CHECK_INT(b.n, 2);
	CHECK_STR(b.v[0]->name, "p/web/data");
	CHECK_STR(zfs_below_name(&b, 0), "/data");
	CHECK_STR(zfs_below_name(&b, 1), "/vol");
	CHECK_STR(b.newer, "p/web/late");
}

TEST(one_that_was_there_and_is_in_no_snapshot_is_a_fault)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct zfs_below b;

	CHECK_INT(zfs_below_choose(&m, &all, "b", &b, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_STR(e.text, "the dataset p/web/vol has no snapshot b");
}

TEST(of_a_snapshot_that_is_none_there_is_nothing)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct zfs_below b;

	CHECK_INT(zfs_below_choose(&m, &all, "c", &b, &e), 0);
	CHECK_INT(b.n, 0);
	CHECK(!b.newer);
}

TEST(without_a_label_it_is_all_of_them)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct zfs_below b;

	CHECK_INT(zfs_below_choose(&m, &all, NULL, &b, &e), 0);
	CHECK_INT(b.n, 3);
	CHECK_STR(b.v[1]->name, "p/web/late");
}

TEST(a_clone_is_mounted_as_its_origin_is)
{
	struct zfs_item d[] = {
		THING("p/web/a", .mounted = true, .mountpoint = "/m"),
		THING("p/web/b", .mountpoint = "none"),
		THING("p/web/c", .mountpoint = "-"), THING("p/web/d", .mountpoint = "/m"),
		THING("p/web/e", .mounted = true, .stays = true, .mountpoint = "/e"),
	};
	const struct zfs_item *v[] = { &d[0], &d[1], &d[2], &d[3], &d[4] };
	struct zfs_below b = { .of = "p/web", .v = v, .n = 4 };
	struct err e = { 0 };

	CHECK(!zfs_below_canmount(&b, 0));
	CHECK_STR(zfs_below_canmount(&b, 1), "off");
	CHECK(!zfs_below_canmount(&b, 2));
	CHECK_STR(zfs_below_canmount(&b, 3), "noauto");
	CHECK_INT(zfs_below_check_clone(&b, &e), 0);
	b.n = 5;
	CHECK_INT(zfs_below_check_clone(&b, &e), -1);
	CHECK(strstr(e.text, "zfs inherit mountpoint 'p/web/e'"));
}

TEST(nothing_is_mounted_behind_a_link)
{
	struct world w;

	world_make(&w);
	CHECK_INT(world_shell(&w, "cd inside && mkdir -p rootfs/var/lib && cd rootfs && "
	                          "touch file && ln -s ../../outside out && ln -s var near"),
	          0);
	CHECK_INT(zfs_below_check_way(w.inside, "/rootfs/var/lib", &w.e), 0);
	CHECK_INT(zfs_below_check_way(w.inside, "/rootfs/var/lib/docker/x", &w.e), 0);
	CHECK_INT(zfs_below_check_way(w.inside, "/rootfs/out", &w.e), -1);
	CHECK_STR(w.e.text, "rootfs/out is no directory: nothing is mounted there");
	CHECK_INT(zfs_below_check_way(w.inside, "/rootfs/out/x", &w.e), -1);
	CHECK_INT(zfs_below_check_way(w.inside, "/rootfs/near/lib", &w.e), -1);
	CHECK_INT(zfs_below_check_way(w.inside, "/rootfs/file", &w.e), -1);
	CHECK_INT(zfs_below_check_way(w.inside, "/rootfs/file/x", &w.e), -1);
	CHECK_INT(zfs_below_check_way(w.inside, "/../outside", &w.e), -1);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	world_drop(&w);
}
