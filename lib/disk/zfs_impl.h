/* How zfs(8) is run: for the files of this folder that do so. */
#ifndef DISK_ZFS_IMPL_H
#define DISK_ZFS_IMPL_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct zfs_dataset;

/* Ask: what it prints, or NULL. */
char *zfs_ask(struct arena *m, char *const argv[], struct err *e);

/* The file systems of all pools, or NULL. */
struct zfs_dataset *zfs_list_mountable(struct arena *m, size_t *n);

/* The next of the columns that -H parts with tabs; NULL: there is none. */
char *zfs_column(char **rest);

/* Change something of the dataset `name`, which is tried again while it is busy. Afterwards it
 * is mounted as it was, under its name `then` if that is not NULL. */
int zfs_insist(const char *name, char *const argv[], const char *then, struct err *e);

/* Whether what zfs says means that there is no such thing. */
bool zfs_says_none(const struct err *why);

#endif
