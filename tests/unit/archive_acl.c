#include "lib/archive/acl.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

TEST(lines_are_sorted_and_a_mask_is_added)
{
	static const uint8_t want[] = {
		2, 0, 0, 0,
		0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
		0x08, 0, 4, 0, 4, 0, 0, 0,
		0x08, 0, 6, 0, 0xe7, 3, 0, 0,
		0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
	};
	struct acl_line lines[] = {
		{ .tag = ACL_OTHER, .perm = 5 },
		{ .tag = ACL_GROUP, .perm = 6, .id = 999 },
		{ .tag = ACL_GROUP, .perm = 4, .id = 4 },
		{ .tag = ACL_OWNER, .perm = 7 },
		{ .tag = ACL_OWNING_GROUP, .perm = 5 },
	};
	struct arena m = { 0 };
	size_t size;
	void *value = acl_pack(&m, lines, 5, &size, NULL);

	CHECK_INT(size, sizeof want);
	CHECK(!memcmp(value, want, sizeof want));
	arena_free(&m);
}

TEST(a_mask_that_is_there_stays)
{
	struct acl_line lines[] = {
		{ .tag = ACL_MASK, .perm = 1 },
		{ .tag = ACL_USER, .perm = 6, .id = 1 },
	};
	struct arena m = { 0 };
	size_t size;
	uint8_t *value = acl_pack(&m, lines, 2, &size, NULL);

	CHECK_INT(size, 4 + 2 * 8);
	CHECK_INT(value[4], ACL_USER);
	CHECK_INT(value[12], ACL_MASK);
	CHECK_INT(value[14], 1);
	arena_free(&m);
}

TEST(a_monstrous_one_is_refused)
{
	struct arena m = { 0 };
	struct acl_line *lines = arena_array(&m, 5000, sizeof *lines);
	struct err e = { 0 };
	size_t size;

	CHECK(!acl_pack(&m, lines, 5000, &size, &e));
	CHECK_INT(e.kind, ERR_INPUT);
	arena_free(&m);
}

TEST(names_are_found_in_passwd_and_group)
{
	static const char text[] = "root:x:0:\nadmin:x:7:\nadm:x:4:syslog,pi\nodd:x\nbad:x:y:\n"
				   "big:x:99999999999:\nlast:x:42:";

	CHECK_INT(acl_find_id(text, "adm"), 4);
	CHECK_INT(acl_find_id(text, "root"), 0);
	CHECK_INT(acl_find_id(text, "last"), 42);
	CHECK(acl_find_id(text, "odd") == ACL_NO_ID);
	CHECK(acl_find_id(text, "bad") == ACL_NO_ID);
	CHECK(acl_find_id(text, "big") == ACL_NO_ID);
	CHECK(acl_find_id(text, "nobody") == ACL_NO_ID);
	CHECK(acl_find_id(text, "") == ACL_NO_ID);
	CHECK(acl_find_id("", "adm") == ACL_NO_ID);
}
