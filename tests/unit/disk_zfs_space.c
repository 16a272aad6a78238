#include "lib/disk/zfs_space.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static const char *const names[] = { "p/web", "p/two" };

static int parse(struct arena *m, const char *text, struct zfs_space *out, struct err *e)
{
	return zfs_space_parse(arena_strdup(m, text), names, 2, out, e);
}

/* What zfs get prints of one dataset. */
static void tell(struct str *s, const char *name, int first)
{
	static const char *const properties[] = {
		"used", "referenced", "usedbysnapshots", "quota", "refquota", "available",
	};

	for (int i = 0; i < 6; i++)
		str_addf(s, "%s\t%s\t%d\n", name, properties[i], first + i);
}

TEST(properties_of_two_datasets_in_any_order)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct zfs_space out[2];
	struct err e = { 0 };

	tell(&s, "p/two", 20);
	str_add(&s, "p/webby\tused\t99\np/web\tmore\t99\np/web\tused\n\n");
	tell(&s, "p/web", 10);
	CHECK_INT(parse(&m, str_text(&s), out, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(out[0].used, 10);
	CHECK_INT(out[0].referenced, 11);
	CHECK_INT(out[0].snapshots, 12);
	CHECK_INT(out[0].quota, 13);
	CHECK_INT(out[0].refquota, 14);
	CHECK_INT(out[0].available, 15);
	CHECK_INT(out[1].used, 20);
	CHECK_INT(out[1].available, 25);
}

TEST(what_is_no_number_is_a_fault)
{
	static const char *const bad[] = { "-", "", "1K", "-5", "99999999999999999999" };
	AUTOFREE struct arena m = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct str s = { .m = &m };
		struct zfs_space out[2];
		struct err e = { 0 };

		tell(&s, "p/two", 20);
		tell(&s, "p/web", 10);
		str_addf(&s, "p/web\tquota\t%s\n", bad[i]);
		CHECK_INT(parse(&m, str_text(&s), out, &e), -1);
		CHECK_STR(e.text, "zfs: p/web lacks the property quota");
	}
}

TEST(a_dataset_that_is_missing_is_a_fault)
{
	AUTOFREE struct arena m = { 0 };
	struct zfs_space out[2];
	struct err e = { 0 };

	CHECK_INT(parse(&m, "", out, &e), -1);
	CHECK_INT(e.kind, ERR_HOST);
}
