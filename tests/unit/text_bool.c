#include "lib/text/bool.h"

#include <stddef.h>

#include "tests/unit/test.h"

TEST(words_for_yes_and_no)
{
	static const char *const words[] = {
		"0", "1", "no", "yes", "NO", "Yes", "false", "true", "off", "ON",
	};

	for (int i = 0; i < (int)(sizeof words / sizeof *words); i++) {
		bool on = !(i % 2);

		CHECK(bool_read(words[i], &on));
		CHECK_INT(on, i % 2);
	}
}

TEST(anything_else_is_neither)
{
	static const char *const words[] = { "", "2", "y", "t", "yess", " yes", "01" };
	bool on = true;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		CHECK(!bool_read(words[i], &on) && on);
}
