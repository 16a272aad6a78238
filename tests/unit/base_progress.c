#include "lib/base/progress.h"

#include "tests/unit/test.h"

#define MIB (UINT64_C(1) << 20)

static void at(struct progress *p, int64_t now, uint64_t done, uint64_t total, const char *want)
{
	char line[80];

	progress_text(p, now, "fetching", done, total, line, sizeof line);
	CHECK_STR(line, want);
}

TEST(a_steady_download)
{
	struct progress p = { 0 };

	at(&p, 1000, 0, 100 * MIB, "fetching 0% of 100.0 MiB");
	at(&p, 1100, 1 * MIB, 100 * MIB, "fetching 1% of 100.0 MiB");
	at(&p, 2000, 10 * MIB, 100 * MIB, "fetching 10% of 100.0 MiB, 10.0 MiB/s, 10s left");
	at(&p, 6000, 50 * MIB, 100 * MIB, "fetching 50% of 100.0 MiB, 10.0 MiB/s, 6s left");
	at(&p, 11000, 100 * MIB, 100 * MIB, "fetching 100% of 100.0 MiB, 10.0 MiB/s");
}

TEST(what_was_quick_at_first_is_forgotten)
{
	struct progress p = { 0 };

	at(&p, 1000, 0, 1000 * MIB, "fetching 0% of 1000.0 MiB");
	at(&p, 2000, 500 * MIB, 1000 * MIB, "fetching 50% of 1000.0 MiB, 500.0 MiB/s, 2s left");
	for (int64_t s = 3; s < 12; s++) {
		char line[80];

		progress_text(&p, s * 1000, "", (500 + (uint64_t)s) * MIB, 1000 * MIB, line,
		              sizeof line);
	}
	at(&p, 12000, 512 * MIB, 1000 * MIB,
	   "fetching 51% of 1000.0 MiB, 1.0 MiB/s, 8m09s left");
}

TEST(an_unknown_size_a_new_beginning_and_a_long_way)
{
	struct progress p = { 0 };

	at(&p, 1000, 0, 0, "fetching 0.0 MiB");
	at(&p, 3000, 3 * MIB, 0, "fetching 3.0 MiB, 1.5 MiB/s");
	at(&p, 9000, 3 * MIB, 0, "fetching 3.0 MiB, 0.4 MiB/s");
	at(&p, 9100, 1 * MIB, 0, "fetching 1.0 MiB");
	at(&p, 10100, 2 * MIB, 65536 * MIB,
	   "fetching 0% of 64.0 GiB, 1.0 MiB/s, 18h12m left");
	at(&p, 20100, 2 * MIB, 65536 * MIB,
	   "fetching 0% of 64.0 GiB, 0.1 MiB/s, 99h59m left");
}
