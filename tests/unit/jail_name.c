#include "lib/jail/name.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

TEST(names_that_may_be)
{
	static const char *const good[] = { "a", "web", "Web-1.example", "1", "x.mount",
	                                    "a.b-c" };
	char longest[65];

	memset(longest, 'n', 64);
	longest[64] = 0;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		CHECK_INT(name_check(good[i], NULL), 0);
	CHECK_INT(name_check(longest, NULL), 0);
}

static void refuses(const char *name, const char *why)
{
	struct err e = { 0 };

	CHECK_INT(name_check(name, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK(strstr(e.text, why) != NULL);
}

TEST(names_that_may_not_be)
{
	char long_name[66];

	memset(long_name, 'n', 65);
	long_name[65] = 0;
	refuses("", "empty");
	refuses(long_name, "longer than 64");
	refuses("a b", "only have letters");
	refuses("a/b", "only have letters");
	refuses("../a", "only have letters");
	refuses("a\n", "only have letters");
	refuses("m\xc3\xbcll", "only have letters");
	refuses("under_score", "only have letters");
	refuses(".a", "begins with a dot");
	refuses("-a", "begins with a dash");
	refuses("a.", "ends with a dot");
	refuses("a..b", "two dots");
	refuses("a-", "ends with a dash");
	refuses("a.-b", "dot next to a dash");
	refuses("a-.b", "dot next to a dash");
}

TEST(old_jails_are_found_all_the_same)
{
	CHECK(name_is_entry("a."));
	CHECK(name_is_entry("-x"));
	CHECK(name_is_entry("under_score"));
	CHECK(!name_is_entry(""));
	CHECK(!name_is_entry(".create-a"));
	CHECK(!name_is_entry(".."));
	CHECK(!name_is_entry("a/b"));
}

TEST(the_unit_of_a_jail)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(name_unit(&m, "web.1"), "jlmkr-web.1.service");
	CHECK_STR(name_of_unit(&m, "jlmkr-web.1.service"), "web.1");
	CHECK(!name_of_unit(&m, "jlmkr-.service") && !name_of_unit(&m, "web.service"));
	CHECK(!name_of_unit(&m, "jlmkr-web.scope"));
}
