/* Give a jail another name
 *
 * The one step that does it is a rename: of the directory, of the link that the jail is, or of
 * its dataset, which moves the mounts with it. A kill leaves the old name or the new one.
 */
#ifndef STORE_RENAME_H
#define STORE_RENAME_H

#include <stdbool.h>

struct err;
struct jail;
struct store;

/* ERR_EXISTS if the name is in use, ERR_BUSY if a jail of that name is being created, ERR_HOST
 * if the dataset of the jail, or one below it, would not move with its name. Changes
 * nothing. */
int rename_check(const struct store *s, struct jail *j, const char *to, struct err *e);

/* Rename it. The caller holds the lock of the jail; its handle is left (jail_leave). */
int rename_jail(const struct store *s, struct jail *j, const char *to, struct err *e);

/* A rename that was killed may leave the empty directory that the dataset was mounted on:
 * remove it. Returns whether there was one. */
bool rename_sweep(const struct store *s, const struct jail *j);

#endif
