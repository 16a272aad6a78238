/* Another program that runs beside us, connected by pipes
 *
 * Arguments are a list, and argv[0] is searched, as in base/run.h. The caller reads and writes
 * the pipes; none of them is inherited by another program. A program whose stdin we hold sees
 * its end when we die.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;
struct passwd;

struct child_how {
	char *const *argv;
	bool in, out, err;	/* with a pipe; else /dev/null, /dev/null and our stderr */
	/* A socket in place of the pipe `in`. A full pipe has room again after each read of the
	 * program, a socket when most of it was read: who writes much is woken less often. */
	bool in_socket;
	/* With the environment PATH and LC_ALL alone, and in a process group of its own, so
	 * that ^C does not reach it. */
	bool strange;
	/* As this user, whose home becomes the HOME. NULL: as we are. */
	const struct passwd *as;
};

/* Our ends of the pipes; -1: none, or closed. */
struct child {
	const char *name;
	pid_t pid;		/* 0: none, or waited for */
	int in, out, err;
};

#define NO_CHILD { .in = -1, .out = -1, .err = -1 }
#define AUTOCHILD __attribute__((cleanup(child_drop))) struct child

int child_start(struct arena *m, const struct child_how *how, struct child *c, struct err *e);

/* A function of ours in place of a program: a fork, which is killed when we end. It writes to
 * `out`, c->out is the other end. If it returns -1, its fault is what the child says on stderr
 * (c->err). `name` is for messages. */
typedef int child_work(void *arg, int out, struct err *e);
int child_fork(const char *name, child_work *work, void *arg, struct child *c, struct err *e);

/* Close the pipes and wait for its end. Returns its exit status, 128 + the signal's number if a
 * signal ended it. What it still has to say on stderr is put into `said`, which has `room`
 * bytes; NULL: nobody wants it. */
int child_end(struct child *c, char *said, unsigned room);

/* Close the pipes, send SIGTERM, and wait. */
void child_drop(struct child *c);

#endif
