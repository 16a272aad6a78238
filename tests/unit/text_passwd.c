#include <string.h>

#include "lib/text/passwd.h"
#include "tests/unit/test.h"

static bool find(const char *text, const char *user, struct passwd_line *line)
{
	static char copy[1024];

	strcpy(copy, text);
	return passwd_find(copy, user, line);
}

TEST(by_name_and_by_number)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/bash\n# no line\n"
	                           "ann:x:1000:100::/home/ann:\n";
	struct passwd_line line;

	CHECK(find(text, "ann", &line));
	CHECK_INT(line.uid, 1000);
	CHECK_INT(line.gid, 100);
	CHECK_STR(line.home, "/home/ann");
	CHECK_STR(line.shell, "");
	CHECK(find(text, "1000", &line));
	CHECK_STR(line.name, "ann");
	CHECK(!find(text, "bob", &line));
	CHECK(!find(text, "100", &line));
}

/* To setresuid(2) -1 means: leave it as it is, which is root. */
TEST(numbers_that_are_none_are_nobody)
{
	static const char *const bad[] = {
		"x:x:4294967295:0::/:", "x:x:-1:0::/:", "x:x:abc:0::/:", "x:x::0::/:",
		"x:x:0x0:0::/:",
		"x:x:4294967296:0::/:", "x:x:18446744073709551616:0::/:", "x:x: 1:0::/:",
		"x:x:1:-1::/:",
		"x:x:1:4294967295::/:", "x:x:+1:0::/:", "x:x:1:0:/:",
	};
	struct passwd_line line;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (find(bad[i], "x", &line)) CHECK_STR(bad[i], "refused");
}

static const char groups[] = "root:x:0:\nwww:x:33:ann,bob\nodd:x:-1:ann\nshort:x\n"
                             "media:x:1000:bobby,ann\n";

TEST(groups_by_name)
{
	char text[sizeof groups];
	gid_t gid = 7;

	CHECK(group_find(strcpy(text, groups), "media", &gid));
	CHECK_INT(gid, 1000);
	CHECK(!group_find(strcpy(text, groups), "odd", &gid));
	CHECK(!group_find(strcpy(text, groups), "short", &gid));
	CHECK(!group_find(strcpy(text, groups), "", &gid));
}

TEST(the_groups_of_a_user)
{
	char text[sizeof groups];
	gid_t out[2];

	CHECK_INT(groups_with(strcpy(text, groups), "ann", out, 2), 2);
	CHECK_INT(out[0], 33);
	CHECK_INT(out[1], 1000);
	CHECK_INT(groups_with(strcpy(text, groups), "ann", out, 1), 1);
	CHECK_INT(groups_with(strcpy(text, groups), "bob", out, 2), 1);
	CHECK_INT(groups_with(strcpy(text, groups), "", out, 2), 0);
}
