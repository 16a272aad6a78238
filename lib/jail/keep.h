/* snapshot_keep=: which snapshots of a jail stay
 *
 * Words, separated by blanks: a number keeps that many of the newest. A number with a letter
 * keeps one snapshot of each hour (h), day (d), week (w), month (m) or year (y), the newest of
 * it, for the last so many of these that have any. A snapshot stays if one word keeps it. Hours
 * and days are those of UTC, weeks begin on Monday.
 *
 * With a letter anywhere, all that is younger than a day stays, too: what was made before a
 * change is there as long as somebody may notice that the change was wrong.
 */
#ifndef JAIL_KEEP_H
#define JAIL_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum keep_unit { KEEP_HOUR, KEEP_DAY, KEEP_WEEK, KEEP_MONTH, KEEP_YEAR, KEEP_UNITS };

struct keep {
	unsigned newest;		/* 0: no such word */
	unsigned of[KEEP_UNITS];
};

/* Without a word, *k is all 0. ERR_INPUT, quoting the word that is wrong. */
int keep_parse(const char *text, struct keep *k, struct err *e);

/* Whether there is a word. Without one, nothing is due and nothing goes. */
bool keep_is_set(const struct keep *k);

/* Whether a snapshot is due: none of the `n` that were made by schedule, at `made` seconds
 * since 1970, is of this hour, or day, or whatever the shortest is that has a word. With a
 * number alone, one is always due. */
bool keep_is_due(const struct keep *k, const int64_t *made, size_t n, int64_t now);

/* Which of `n` snapshots stay; the oldest comes first in `made`. */
void keep_choose(const struct keep *k, const int64_t *made, size_t n, int64_t now, bool *stays);

#endif
