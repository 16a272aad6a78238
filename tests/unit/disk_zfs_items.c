#include "lib/disk/zfs_items.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

/* What zfs get prints of one thing. */
static void tell(struct str *s, const char *name, int guid, const char *origin,
                 const char *place, const char *from)
{
	str_addf(s, "%s\tguid\t%d\t-\n%s\tcreatetxg\t%d\t-\n%s\tmounted\tyes\t-\n", name, guid,
	         name, guid + 1, name);
	str_addf(s, "%s\tcanmount\ton\tdefault\n%s\torigin\t%s\t-\n%s\tmountpoint\t%s\t%s\n",
	         name, name, origin, name, place, from);
	str_addf(s, "%s\treadonly\toff\tdefault\n%s\tuserrefs\t-\t-\n%s\tjlmkr:kind\t-\t-\n",
	         name, name, name);
}

static void parse(struct arena *m, const char *text, struct zfs_items *items)
{
	struct err e = { 0 };

	if (zfs_items_parse(m, arena_strdup(m, text), "p/web", items, &e) < 0)
		CHECK_STR(e.text, "");
}

TEST(everything_is_read)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct zfs_items items;

	tell(&s, "p/web", 5, "p/images/x@image", "/mnt/web", "inherited from p");
	tell(&s, "p/web@a b", 7, "-", "-", "-");
	str_add(&s, "p/web#mark\tguid\t9\t-\np/web#mark\tcreatetxg\t9\t-\n");
	tell(&s, "p/web/data", 11, "-", "/mnt/data", "local");
	str_add(&s, "p/web/data\tcanmount\toff\tlocal\np/web/data\treadonly\ton\tlocal\n"
	            "p/web/data\tjlmkr:kind\tjail:1\tlocal\n");
	parse(&m, str_text(&s), &items);
	CHECK_INT(items.n, 3);
	CHECK_STR(items.v[0].name, "p/web");
	CHECK_INT(items.v[0].guid, 5);
	CHECK_INT(items.v[0].txg, 6);
	CHECK_STR(items.v[0].origin, "p/images/x@image");
	CHECK_STR(items.v[0].mountpoint, "/mnt/web");
	CHECK(items.v[0].mounted && !items.v[0].readonly && !items.v[0].stays &&
	      !items.v[0].kind);
	CHECK(!zfs_item_is_snapshot(&items.v[0]) && zfs_item_is_snapshot(&items.v[1]));
	CHECK_STR(items.v[2].mountpoint, "none");
	CHECK(items.v[2].readonly && items.v[2].stays);
	CHECK_STR(items.v[2].kind, "jail:1");
}

TEST(numbers_have_all_their_digits)
{
	AUTOFREE struct arena m = { 0 };
	struct zfs_items items;

	parse(&m, "p/web\tguid\t18446744073709551615\t-\np/web\tcreatetxg\t4294967297\t-\n"
	          "p/web\torigin\t-\t-\np/web\tmountpoint\t/a\tlocal\np/web\tuserrefs\t2\t-\n",
	          &items);
	CHECK(items.v[0].guid == UINT64_MAX);
	CHECK(items.v[0].txg == 4294967297);
	CHECK(items.v[0].held);
}

TEST(a_mark_that_is_inherited_is_none_and_a_place_below_the_root_stays)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct zfs_items items;

	tell(&s, "p/web", 5, "-", "/mnt/web", "default");
	tell(&s, "p/web/data", 11, "-", "/mnt/data", "received");
	tell(&s, "p/web/data/x", 13, "-", "/mnt/data/x", "inherited from p/web/data");
	str_add(&s, "p/web/data/x\tjlmkr:kind\tjail:1\tinherited from p/web\n");
	tell(&s, "p/web/y", 15, "-", "/mnt/web/y", "inherited from p/webs");
	parse(&m, str_text(&s), &items);
	CHECK(!items.v[0].stays && items.v[1].stays && items.v[2].stays && !items.v[3].stays);
	CHECK(!items.v[2].kind);
}

TEST(mountpoints_with_newlines_and_tabs)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct zfs_items items;

	tell(&s, "p/web", 5, "-", "/mnt/a\nb\tc\n\nd", "local");
	tell(&s, "p/web/x", 6, "-", "/mnt/x", "local");
	parse(&m, str_text(&s), &items);
	CHECK_INT(items.n, 2);
	CHECK_STR(items.v[0].mountpoint, "/mnt/a\nb\tc\n\nd");
	CHECK(items.v[0].stays);
}

TEST(what_is_not_understood_is_a_fault)
{
	static const char *const bad[] = {
		"", "p/web\n", "p/web\tguid\t5\n", "p/web\tguid\t5\t-\n",
		"p/web\tguid\t-\t-\np/web\tcreatetxg\t1\t-\np/web\torigin\t-\t-\n"
		"p/web\tmountpoint\t/\t-\n",
		"p/other\tguid\t1\t-\np/other\tcreatetxg\t1\t-\np/other\torigin\t-\t-\n"
		"p/other\tmountpoint\t/\t-\n",
	};
	AUTOFREE struct arena m = { 0 };
	struct zfs_items items;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };

		CHECK_INT(zfs_items_parse(&m, arena_strdup(&m, bad[i]), "p/web", &items, &e),
		          -1);
		CHECK_INT(e.kind, ERR_HOST);
	}
}

#define ITEM(name_, n, from) { .name = (name_), .guid = (n), .txg = (n), .origin = (from) }

static struct zfs_items list(struct zfs_item *v, size_t n)
{
	return (struct zfs_items){ v, n };
}

TEST(what_is_new_is_told_by_what_it_is_and_not_by_its_name)
{
	struct zfs_item was[] = { ITEM("p/a", 1, "-"), ITEM("p/a@x", 2, "-"),
	                          ITEM("p/a/b", 3, "-") };
	struct zfs_item renamed[] = { ITEM("p/.hidden", 1, "-"), ITEM("p/.hidden/b", 3, "-") };
	struct zfs_item replaced[] = { ITEM("p/a", 1, "-"),
	                               { .name = "p/a@x", .guid = 4, .txg = 9, .origin = "-" },
	                               ITEM("p/a/b", 3, "-") };
	/* a snapshot that was received has the number of the one that was sent */
	struct zfs_item received[] = { ITEM("p/a", 1, "-"), ITEM("p/a/b", 3, "-"),
	                               { .name = "p/a/b@x", .guid = 2, .txg = 7,
	                                 .origin = "-" } };
	const struct zfs_items before = list(was, 3), a = list(renamed, 2),
		b = list(replaced, 3),
	                       c = list(received, 3);

	CHECK(!zfs_items_new(&before, &before));
	CHECK(!zfs_items_new(&before, &a));
	CHECK(zfs_items_new(&before, &b) == &replaced[1]);
	CHECK(zfs_items_new(&before, &c) == &received[2]);
	CHECK(zfs_items_new(&a, &before) == &was[1]);
}

TEST(a_sum_stands_for_what_there_is)
{
	struct zfs_item one[] = { ITEM("p/a", 1, "-"), ITEM("p/a@x", 2, "-"),
	                          ITEM("p/a/b", 3, "-") };
	struct zfs_item other[] = { ITEM("p/h", 1, "-"), ITEM("p/h/b", 3, "-"),
	                            ITEM("p/h@x", 2, "-") };
	struct zfs_item younger[] = { ITEM("p/a", 1, "-"), ITEM("p/a@x", 2, "-"),
	                              ITEM("p/a/b", 4, "-") };
	const struct zfs_items a = list(one, 3), b = list(other, 3), c = list(younger, 3),
		less = list(one, 2);

	CHECK(zfs_items_sum(&a) == zfs_items_sum(&b));
	CHECK(zfs_items_sum(&a) != zfs_items_sum(&c));
	CHECK(zfs_items_sum(&a) != zfs_items_sum(&less));
}

TEST(clones_inside_have_an_order_or_none)
{
	struct zfs_item good[] = {
		ITEM("p/a", 1, "-"), ITEM("p/a/b", 2, "p/a/c@s"), ITEM("p/a/c", 3, "-"),
			ITEM("p/a/c@s", 4, "-"),
	};
	struct zfs_item bad[] = {
		ITEM("p/a", 1, "p/a/c@s"), ITEM("p/a/c", 3, "-"), ITEM("p/a/c@s", 4, "-"),
	};
	const struct zfs_items yes = list(good, 4), no = list(bad, 3);
	struct err e = { 0 };

	CHECK_INT(zfs_items_check_order(&yes, &e), 0);
	CHECK_INT(zfs_items_check_order(&no, &e), -1);
	CHECK_INT(e.kind, ERR_BUSY);
	CHECK_STR(e.text, "p/a/c cannot be destroyed before p/a, which is a clone of a part of "
	                  "it; first run zfs promote 'p/a'");
}
