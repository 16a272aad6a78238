/* The last log lines of a unit, from journalctl
 *
 * Only for telling why something failed: no journalctl, no lines.
 */
#ifndef ENGINE_JOURNAL_H
#define ENGINE_JOURNAL_H

struct arena;

/* What the unit logged in this invocation (its InvocationID in hex, "" for any),
 * at most `lines` lines without their time; "" when there is none. */
const char *journal_tail(struct arena *m, const char *unit, const char *invocation, int lines);

#endif
