/* Who ends the command in a jail when we cannot
 *
 * A unit in a jail goes on when the process that waits for it is killed. A guard is a
 * child that waits for its parent's end, told by a pipe, and then stops the unit over
 * a connection of its own. It gives the terminals that were our stdin and stdout their
 * settings back too. It has a session of its own and keeps nothing of the caller's
 * open but those terminals. */
#ifndef ENGINE_WATCHDOG_H
#define ENGINE_WATCHDOG_H

#include <sys/types.h>

struct nsenter;
struct err;

struct watchdog {
	pid_t pid;		/* 0: none */
	int alive;		/* the pipe whose end is ours */
};

/* The terminals are given back as they are now. */
int watchdog_start(struct watchdog *g, const struct nsenter *in, const char *unit,
                   struct err *e);

/* The unit is over: the guard ends without a deed, before this returns. */
void watchdog_dismiss(struct watchdog *g);

/* We leave before the unit is over: the guard does its work now. */
void watchdog_leave(struct watchdog *g);

#endif
