#include "lib/jail/keep.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"

enum { HOUR = 3600, DAY = 24 * HOUR, WEEK_DAYS = 7, MONDAY = 3, MONTHS = 12, MOST = 9999 };

static const char letters[] = "hdwmy";

static int fail_word(const char *word, size_t n, const char *why, struct err *e)
{
	return fail(e, ERR_INPUT, "'%.*s' %s", (int)n, word, why);
}

static int read_word(const char *word, size_t n, struct keep *k, struct err *e)
{
	size_t digits = strspn(word, "0123456789");
	const char *letter = n == digits + 1 ? strchr(letters, word[digits]) : NULL;
	unsigned number = 0, *at = letter ? &k->of[letter - letters] : &k->newest;

	if (!digits || (n > digits && !letter))
		return fail_word(word, n, "is not a number with h, d, w, m, y or nothing "
		                 "behind it, such as 7d", e);
	for (size_t i = 0; i < digits && number <= MOST; i++)
		number = number * 10 + (unsigned)(word[i] - '0');
	if (!number || number > MOST)
		return fail_word(word, n, "is not between 1 and 9999", e);
	if (*at) return fail_word(word, n, "is the second one of its kind", e);
	*at = number;
	return 0;
}

int keep_parse(const char *text, struct keep *k, struct err *e)
{
	static const char blanks[] = " \t\r\n";

	*k = (struct keep){ 0 };
	for (size_t n; *(text += strspn(text, blanks)); text += n) {
		n = strcspn(text, blanks);
		if (read_word(text, n, k, e) < 0) return -1;
	}
	return 0;
}

static bool has_letter(const struct keep *k)
{
	for (int unit = 0; unit < KEEP_UNITS; unit++)
		if (k->of[unit]) return true;
	return false;
}

bool keep_is_set(const struct keep *k)
{
	return k->newest || has_letter(k);
}

/* The number of the hour, day, ... that a time is in. 1970 began on a Thursday. */
static int64_t period_of(int unit, int64_t at)
{
	time_t seconds = (time_t)at;
	struct tm tm = { 0 };

	if (unit == KEEP_HOUR) return at / HOUR;
	if (unit == KEEP_DAY) return at / DAY;
	if (unit == KEEP_WEEK) return (at / DAY + MONDAY) / WEEK_DAYS;
	if (!gmtime_r(&seconds, &tm)) return 0;
	return unit == KEEP_YEAR ? tm.tm_year : (int64_t)tm.tm_year * MONTHS + tm.tm_mon;
}

bool keep_is_due(const struct keep *k, const int64_t *made, size_t n, int64_t now)
{
	int unit = 0;

	while (unit < KEEP_UNITS && !k->of[unit])
		unit++;
	if (unit == KEEP_UNITS) return k->newest;
	for (size_t i = 0; i < n; i++)
		if (period_of(unit, made[i]) == period_of(unit, now)) return false;
	return true;
}

/* The newest of each of the last periods that have any. */
static void choose_periods(const int64_t *made, size_t n, int unit, unsigned count, bool *stays)
{
	for (size_t i = n; i-- > 0 && count;) {
		if (i + 1 < n && period_of(unit, made[i]) == period_of(unit, made[i + 1]))
			continue;
		stays[i] = true;
		count--;
	}
}

void keep_choose(const struct keep *k, const int64_t *made, size_t n, int64_t now, bool *stays)
{
	bool by_time = has_letter(k);

	for (size_t i = 0; i < n; i++)
		stays[i] = n - i <= k->newest || (by_time && made[i] > now - DAY);
	for (int unit = 0; unit < KEEP_UNITS; unit++)
		choose_periods(made, n, unit, k->of[unit], stays);
}
