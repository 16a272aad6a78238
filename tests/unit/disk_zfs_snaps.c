#include "lib/disk/zfs_snaps.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

/* What zfs get prints of one dataset or snapshot. */
static void tell(struct str *s, const char *name, int txg, int used, const char *kind,
                 const char *from)
{
	str_addf(s, "%s\tcreation\t%d\t-\n%s\tcreatetxg\t%d\t-\n", name, 1000 + txg, name, txg);
	str_addf(s, "%s\tused\t%d\t-\n%s\treferenced\t%d\t-\n", name, used, name, used * 10);
	str_addf(s, "%s\tuserrefs\t%s\t-\n%s\tjlmkr:kind\t%s\t%s\n", name,
	         txg % 2 ? "1" : "0", name, kind, from);
}

static struct zfs_snap *parse(struct arena *m, const struct str *text, size_t *n)
{
	struct err e = { 0 };
	struct zfs_snap *all = zfs_snaps_parse(m, arena_strdup(m, str_text(text)), "p/web", n,
	                                       &e);

	CHECK_STR(e.text, "");
	return all;
}

TEST(sizes_and_holds_are_those_of_all_datasets)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct zfs_snap *all;
	size_t n;

	tell(&s, "p/web", 1, 100, "jail:1", "local");
	tell(&s, "p/web@b c", 8, 3, "jail:1", "inherited from p/web");
	tell(&s, "p/web@a", 5, 2, "snapshot:asked", "local");
	tell(&s, "p/web/data", 2, 50, "-", "-");
	tell(&s, "p/web/data@a", 5, 4, "snapshot:asked", "local");
	tell(&s, "p/web/data@child", 7, 1, "-", "-");
	tell(&s, "p/webby@a", 5, 9, "-", "-");
	all = parse(&m, &s, &n);
	CHECK_INT(n, 2);
	CHECK_STR(all[0].label, "a");
	CHECK_INT(all[0].made, 1005);
	CHECK_INT(all[0].used, 6);
	CHECK_INT(all[0].referenced, 60);
	CHECK_INT(all[0].holds, 2);
	CHECK_STR(all[0].kind, "snapshot:asked");
	CHECK_STR(all[1].label, "b c");
	CHECK(!all[1].kind);
	CHECK_INT(all[1].holds, 0);
}

/* A mark of somebody else may contain a newline. */
TEST(lines_that_are_none_are_skipped)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	size_t n;

	tell(&s, "p/web@a", 5, 2, "one\ntwo\tp/web@x\nthree", "local");
	str_add(&s, "\n@\t\t\t\np/web@\t\nx");
	CHECK_STR(parse(&m, &s, &n)[0].label, "a");
	CHECK_INT(n, 1);
	parse(&m, &(struct str){ .m = &m }, &n);
	CHECK_INT(n, 0);
}

TEST(a_snapshot_without_its_time_is_a_fault)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	size_t n;

	CHECK(!zfs_snaps_parse(&m, arena_strdup(&m, "p/web@a\tcreatetxg\t5\t-\n"), "p/web", &n,
	                       &e));
	CHECK_STR(e.text, "zfs: p/web@a lacks a property");
}
