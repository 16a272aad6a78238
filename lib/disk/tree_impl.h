/* What the two halves of lib/disk/tree share with each other */
#ifndef DISK_TREE_IMPL_H
#define DISK_TREE_IMPL_H

struct err;

/* Remove the directory `name` in `dir`, which is open as `fd`, and all that is in it; the file
 * `last` in it, if not NULL, goes last. `fd` is closed. */
int tree_remove_open(int dir, const char *name, const char *last, int fd, struct err *e);

/* Remove what is below `top` on all processors, or as much as that is good for. What is left,
 * and why, is for tree_remove_open to find. */
void tree_thin_out(int top);

#endif
