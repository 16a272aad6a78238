/* The user's editor on a file
 *
 * $VISUAL, $EDITOR (both may hold arguments, so a shell runs them), `editor`,
 * `/usr/bin/editor`, `nano`, `vi`, in this order, on our own terminal.
 */
#ifndef CLI_EDITOR_H
#define CLI_EDITOR_H

#include <stdbool.h>

struct arena;
struct err;

/* Waits for its end. An exit status other than 0 is a fault; a signal meant for the
 * editor is forgotten. */
int editor_run(struct arena *m, const char *path, struct err *e);

/* Whether it went on in the background: something that it started runs. An editor that only
 * told another one, which ran before, what to open is not seen. */
bool editor_is_open(void);

/* Waits until that has ended. */
int editor_await(struct err *e);

#endif
