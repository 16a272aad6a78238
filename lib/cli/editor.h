/* Run the user's editor on a file
 *
 * The first that exists of $VISUAL, $EDITOR (both may contain arguments, so a shell runs them),
 * `editor`, `/usr/bin/editor`, `nano`, `vi`. It runs on our own terminal.
 */
#ifndef CLI_EDITOR_H
#define CLI_EDITOR_H

#include <stdbool.h>

struct arena;
struct err;

/* Run the editor and wait for its end. Fails if its exit status is not 0. A signal that was
 * meant for the editor is forgotten. */
int editor_run(struct arena *m, const char *path, struct err *e);

/* Does a process that the editor started still run in the background? This does not notice an
 * editor that only passes the file to another one that already ran. */
bool editor_is_open(void);

/* Wait until none of these processes runs. */
int editor_await(struct err *e);

#endif
