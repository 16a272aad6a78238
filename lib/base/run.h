/* Run another program: arguments as a list, never through a shell
 *
 * argv[0] is searched in PATH and then in the folders of administration tools,
 * because sudo and cron set a short PATH.
 * A program that does not exist is ERR_MISSING.
 */
#ifndef BASE_RUN_H
#define BASE_RUN_H

#include <stdint.h>

struct arena;
struct err;

/* Called once, at the start: remove empty and relative entries from PATH, for us and for the
 * programs that we run. They mean the working directory, which may be anybody's. */
void run_clean_path(void);

/* The full path of a program, or NULL with ERR_MISSING. */
const char *run_find(struct arena *m, const char *name, struct err *e);

/* Run with our own stdin, stdout and stderr, and wait. Returns the exit status, 128 + the
 * signal's number if a signal ended it, or -1. */
int run_wait(char *const argv[], struct err *e);

/* Replace our process by the program. Returns only on failure, -1. */
int run_replace(char *const argv[], struct err *e);

/* Run with an empty stdin and return what it prints, at most `limit` bytes (the rest is
 * dropped); its stderr goes to ours. NULL if it cannot be run, if its exit status is not 0, or
 * if a signal is caught; then it gets SIGTERM. */
char *run_output(struct arena *m, char *const argv[], unsigned limit, struct err *e);

/* The same for a program that may not end. Its environment is PATH and LC_ALL. It is killed at
 * the `deadline` (base/wait.h) or when we catch a signal; with NO_DEADLINE it is never killed,
 * so that its change to the machine is complete. Its stderr becomes the text of the fault. */
char *run_strange(struct arena *m, char *const argv[], unsigned limit, int64_t deadline,
                  struct err *e);

#endif
