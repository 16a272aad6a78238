/* Run another program: arguments as a list, never through a shell
 *
 * argv[0] is searched in PATH and then in the places where an appliance keeps its
 * administration tools, because sudo and cron hand over short PATHs.
 * A program that does not exist is ERR_MISSING.
 */
#ifndef BASE_RUN_H
#define BASE_RUN_H

#include <stdint.h>

struct arena;
struct err;

/* Once, at the start: take out of PATH what is empty or relative, for us and for the programs that
 * we run. It means the working directory, which may be anybody's. */
void run_clean_path(void);

/* The full path of a program, or NULL with ERR_MISSING. */
const char *run_find(struct arena *m, const char *name, struct err *e);

/* Run with our own stdin, stdout and stderr, and wait. Returns the exit status,
 * 128 + the signal's number when one ended it, or -1. */
int run_wait(char *const argv[], struct err *e);

/* Become that program. Returns only on failure, -1. */
int run_replace(char *const argv[], struct err *e);

/* Run with stdin empty and hand out what it prints, at most `limit` bytes (the
 * rest is dropped); its stderr goes to ours. NULL when it cannot be run or its
 * exit status is not 0. */
char *run_output(struct arena *m, char *const argv[], unsigned limit, struct err *e);

/* The same for a program that may fail in any way: with nothing but PATH and LC_ALL in
 * its environment, until `deadline` (base/wait.h), when it is killed, as it is when we
 * catch a signal. With NO_DEADLINE neither happens, and what it does is done whole. What
 * it says on stderr is in the fault. */
char *run_strange(struct arena *m, char *const argv[], unsigned limit, int64_t deadline,
                  struct err *e);

#endif
