#include "lib/jail/keep.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

enum { HOUR = 3600, DAY = 24 * HOUR, MOST = 1000 };

static const int64_t noon = 1795694400;		/* Thursday, 2026-11-26T12:00:00Z */

static struct keep read_keep(const char *text)
{
	struct err e = { 0 };
	struct keep k;

	CHECK_INT(keep_parse(text, &k, &e), 0);
	CHECK_STR(e.text, "");
	return k;
}

TEST(words_of_a_config)
{
	struct keep k = read_keep(" 7d  4w\t6m\n");

	CHECK_INT(k.of[KEEP_DAY], 7);
	CHECK_INT(k.of[KEEP_WEEK], 4);
	CHECK_INT(k.of[KEEP_MONTH], 6);
	CHECK_INT(k.of[KEEP_HOUR] + k.of[KEEP_YEAR] + k.newest, 0);
	CHECK(keep_is_set(&k));
	k = read_keep("10");
	CHECK_INT(k.newest, 10);
	CHECK(keep_is_set(&k));
	k = read_keep(" \t");
	CHECK(!keep_is_set(&k));
}

TEST(words_that_are_none)
{
	static const char *const bad[] = {
		"d", "7x", "7dd", "d7", "-1", "0", "0d", "10000", "99999999999999999999d",
		"7d 7d", "1 2", "7D", "1.5d", "7d,4w", "7d;", "\xc3\xa4",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };
		struct keep k;

		if (keep_parse(bad[i], &k, &e) == 0) CHECK_STR(bad[i], "refused");
		CHECK_INT(e.kind, ERR_INPUT);
	}
}

/* The days, before `noon`, of those of `n` daily snapshots that stay: "0 1 2". */
static const char *days_kept(struct arena *m, const char *words, size_t n)
{
	struct keep k = read_keep(words);
	int64_t made[MOST];
	bool stays[MOST];
	struct str days = { .m = m };

	for (size_t i = 0; i < n; i++)
		made[i] = noon - (int64_t)(n - 1 - i) * DAY;
	keep_choose(&k, made, n, noon, stays);
	for (size_t i = n; i-- > 0;)
		if (stays[i]) str_addf(&days, "%s%zu", days.len ? " " : "", n - 1 - i);
	return str_text(&days);
}

TEST(one_of_each_day_week_and_month_stays)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(days_kept(&m, "3", 10), "0 1 2");
	CHECK_STR(days_kept(&m, "3d", 10), "0 1 2");
	/* The 26th is a Thursday: the newest of the weeks before are Sundays. */
	CHECK_STR(days_kept(&m, "4w", 60), "0 4 11 18");
	/* October 31, September 30, August 31. */
	CHECK_STR(days_kept(&m, "4m", 300), "0 26 57 87");
	CHECK_STR(days_kept(&m, "2y", 800), "0 330");
	CHECK_STR(days_kept(&m, "2d 2w 2m", 300), "0 1 4 26");
	CHECK_STR(days_kept(&m, "9999d", 5), "0 1 2 3 4");
	CHECK_STR(days_kept(&m, "5", 0), "");
}

TEST(days_without_any_do_not_count)
{
	const int64_t made[] = { noon - 400 * DAY, noon - 300 * DAY, noon - 200 * DAY };
	struct keep k = read_keep("2d");
	bool stays[3];

	keep_choose(&k, made, 3, noon, stays);
	CHECK(!stays[0]);
	CHECK(stays[1]);
	CHECK(stays[2]);
}

TEST(what_is_younger_than_a_day_stays)
{
	const int64_t made[] = { noon - 25 * HOUR, noon - 23 * HOUR, noon - HOUR, noon - 60,
		                 noon + HOUR };
	struct keep k = read_keep("1d");
	bool stays[5];

	keep_choose(&k, made, 5, noon, stays);
	CHECK(!stays[0]);
	for (int i = 1; i < 5; i++)
		CHECK(stays[i]);
	/* A number alone is exact. */
	k = read_keep("1");
	keep_choose(&k, made, 5, noon, stays);
	for (int i = 0; i < 4; i++)
		CHECK(!stays[i]);
	CHECK(stays[4]);
}

TEST(one_is_due_in_each_period)
{
	const int64_t made[] = { noon - 13 * HOUR, noon - HOUR };
	struct keep days = read_keep("7d 4w"), hours = read_keep("24h 7d"),
		weeks = read_keep("2w"), number = read_keep("3"), none = read_keep("");

	CHECK(keep_is_due(&days, made, 0, noon));
	CHECK(keep_is_due(&days, made, 1, noon));
	CHECK(!keep_is_due(&days, made, 2, noon));
	CHECK(keep_is_due(&hours, made, 2, noon));
	CHECK(!keep_is_due(&hours, made, 2, noon - 1));
	CHECK(!keep_is_due(&weeks, made, 1, noon));
	CHECK(keep_is_due(&weeks, made, 2, noon + 4 * DAY));
	CHECK(keep_is_due(&number, made, 2, noon));
	CHECK(!keep_is_due(&none, made, 2, noon));
}

/* Marks may say anything. */
TEST(times_that_cannot_be)
{
	const int64_t made[] = { INT64_MIN, -1, 0, INT64_MAX / 4, INT64_MAX };
	struct keep k = read_keep("1 1h 1d 1w 1m 1y");
	bool stays[5];

	keep_choose(&k, made, 5, noon, stays);
	CHECK(stays[4]);
	keep_is_due(&k, made, 5, noon);
}
