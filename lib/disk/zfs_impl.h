/* Functions that run zfs(8), for the files of this folder */
#ifndef DISK_ZFS_IMPL_H
#define DISK_ZFS_IMPL_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct zfs_dataset;

/* Run a command that changes nothing, with a deadline. Returns its output, or NULL. */
char *zfs_ask(struct arena *m, char *const argv[], struct err *e);

/* The file systems of all pools, or NULL. */
struct zfs_dataset *zfs_list_mountable(struct arena *m, size_t *n);

/* The next column of a line of -H, which separates columns with tabs; NULL: none. */
char *zfs_column(char **rest);

/* Run a command that changes something, to its end. */
int zfs_change(struct arena *m, char *const argv[], struct err *e);

/* Run a command that changes the dataset `name`, again while it is busy. Afterwards the dataset
 * is mounted if it was before, under its name `then` if that is not NULL. */
int zfs_insist(const char *name, char *const argv[], const char *then, struct err *e);

/* Whether the message of zfs(8) means that a dataset does not exist. */
bool zfs_says_none(const struct err *why);

#endif
