/* Functions that only tree.c and tree_thin.c share */
#ifndef DISK_TREE_IMPL_H
#define DISK_TREE_IMPL_H

struct err;

/* Remove the directory `name` in `dir`, which is open as `fd`, with all its content; its file
 * `last` (may be NULL) is removed last. Closes `fd`. */
int tree_remove_open(int dir, const char *name, const char *last, int fd, struct err *e);

/* Remove much of the content of `top` on all processors. It reports no faults: tree_remove_open
 * must follow, and finds what is left. */
void tree_thin_out(int top);

#endif
