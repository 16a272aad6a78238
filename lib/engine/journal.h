/* The last log lines of a unit, from journalctl
 *
 * Only for telling why something failed: no journalctl, no lines.
 */
#ifndef ENGINE_JOURNAL_H
#define ENGINE_JOURNAL_H

#include <time.h>

struct arena;

/* Which lines of the unit are wanted. */
struct journal_want {
	const char *unit;
	const char *invocation;	/* its InvocationID in hex; "": not known */
	const char *identifier;	/* of all programs in it only this one; NULL: any */
	struct timespec since;	/* CLOCK_REALTIME */
	int lines;		/* at most */
};

/* Those lines, without their time, long ones cut; "" when there is none. What was
 * written before the call is among them. */
const char *journal_tail(struct arena *m, const struct journal_want *want);

#endif
