/* The user's editor on a file
 *
 * $VISUAL, $EDITOR (both may hold arguments, so a shell runs them), `editor`,
 * `/usr/bin/editor`, `nano`, `vi`, in this order, on our own terminal.
 */
#ifndef APPLETS_EDITOR_H
#define APPLETS_EDITOR_H

struct arena;
struct err;

/* Waits for its end. An exit status other than 0 is a fault; a signal meant for the
 * editor is forgotten. */
int editor_run(struct arena *m, const char *path, struct err *e);

#endif
