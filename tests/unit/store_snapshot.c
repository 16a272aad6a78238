#include "lib/store/snapshot.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

TEST(labels_that_can_be)
{
	static const char *const good[] = {
		"a", "2026-11-26T12-00-00Z", "before:upgrade_2", "v1.2.3", "_", "a-", "a.",
	};
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (snapshot_label_check(good[i], &e) < 0) CHECK_STR(e.text, good[i]);
}

TEST(labels_that_cannot_be)
{
	static const char *const bad[] = {
		"", ".", "..", ".new-a", "-r", "a/b", "a b", "a@b", "a,b", "a%b", "a#b", "ä",
		"a\n", "12345678901234567890123456789012345678901234567890123456789012345",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };

		CHECK_INT(snapshot_label_check(bad[i], &e), -1);
		CHECK_INT(e.kind, ERR_INPUT);
	}
}

TEST(a_time_is_a_label)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };

	CHECK_STR(snapshot_label_at(&m, 1795694400), "2026-11-26T12-00-00Z");
	CHECK_INT(snapshot_label_check(snapshot_label_at(&m, 0), &e), 0);
}
