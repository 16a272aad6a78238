#include "lib/engine/engine.h"
#include "lib/engine/impl.h"

#include "tests/unit/test.h"

enum { SECOND = 1000000 };

TEST(a_stop_waits_as_long_as_it_is_told)
{
	CHECK_INT(stop_seconds(5, 90 * SECOND), 5);
	CHECK_INT(stop_seconds(0, UNIT_UNKNOWN), 0);
}

TEST(a_long_timeout_of_the_unit_lengthens_the_usual_wait)
{
	CHECK_INT(stop_seconds(STOP_USUAL, 90 * SECOND), 90);
	CHECK_INT(stop_seconds(STOP_USUAL, 10 * SECOND), 90);
	CHECK_INT(stop_seconds(STOP_USUAL, 300 * SECOND), 300);
	CHECK_INT(stop_seconds(STOP_USUAL, UNIT_UNKNOWN), -1);
}
