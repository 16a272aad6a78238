#include <string.h>

#include "lib/engine/impl.h"
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
