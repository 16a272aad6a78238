/* Our terminal, connected to a pty whose other end somebody else has
 *
 * Bytes go both ways until the session is over: the other end hung up, ^] was typed
 * three times within a second, or the caller's own descriptor told so. While it
 * lasts, terminals among `in` and `out` are raw; they are as before when
 * terminal_run returns, however it does, and while we are stopped. In the background of a
 * shell they are left alone, and nothing is read. Their flags stay as they are (O_NONBLOCK
 * would be shared with whoever else has them open), and an `out` that takes nothing
 * holds up only its own direction.
 *
 * What is not a terminal works too. At the end of `in` the other end is sent what
 * the user would have typed for it (the pty's own end-of-file character), and output
 * goes on.
 *
 * Signals: the caller has called signals_catch; a caught one ends the session with
 * ERR_INTERRUPTED, or is the caller's to deal with. SIGWINCH and SIGTSTP are handled for as
 * long as it lasts: the pty takes our window's size, the terminals are given back.
 */
#ifndef ENGINE_TERMINAL_H
#define ENGINE_TERMINAL_H

#include <stdbool.h>

struct err;

enum terminal_end {
	TERMINAL_HUNG_UP,	/* nobody has the other end open any more */
	TERMINAL_LEFT,		/* by ^] */
	TERMINAL_OVER,		/* as `over` told */
};

enum terminal_hangup {
	HANGUP_ENDS,		/* a shell's pty: somebody has it open from the start */
	HANGUP_ENDS_LATER,	/* the same once a byte came; before, nobody may have it open */
	HANGUP_PASSES,		/* a getty's: only `over` ends it */
};

struct terminal {
	int in, out;		/* 0 and 1; in -1: nothing is read. All are borrowed */
	int master;		/* of the pty */
	enum terminal_hangup hangup;
	bool leaves;		/* ^] three times within a second ends it */
	bool keys_signal;	/* ^C and its like signal us, until the other end wants them */

	/* A descriptor to watch beside them, -1 for none, and what to ask when it is
	 * readable, and once before: 1 over, 0 not yet, -1 a fault. */
	int watch;
	int (*over)(void *arg, struct err *e);

	/* What to do with a caught signal, after which the session goes on; NULL: it ends. */
	int (*signalled)(void *arg, int sig, struct err *e);
	void *arg;
};

/* Returns an enum terminal_end, or -1. */
int terminal_run(const struct terminal *t, struct err *e);

/* Give the pty the size of the window at `fd`, or 24 lines of 80. */
void terminal_resize(int master, int fd);

#endif
