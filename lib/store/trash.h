/* Jails that are removed: renamed to a hidden name, checked once more, and deleted
 *
 * After the rename the jail no longer exists for the user. Nobody adds anything to a hidden
 * jail, and staging_sweep deletes what a killed run leaves. If the rename is not possible, the
 * jail is deleted under its own name. removal_impl.h has what differs between datasets and
 * directories.
 */
#ifndef STORE_TRASH_H
#define STORE_TRASH_H

struct err;
struct removal;
struct store;

/* Check that entries can be created and deleted in the store, with a hidden one. A full file
 * system is not a fault, because removing the jail makes room. */
int trash_try(const struct store *s, const char *name, struct err *e);

/* Delete the jail that was listed in `r`. The caller holds the lock of the jail (jail_lock). */
int trash_jail(const struct store *s, const struct removal *r, struct err *e);

/* The same under its own name, in a directory that is not DIR/jails: nobody would ever sweep
 * what is hidden there. */
int trash_in_place(const struct store *s, const struct removal *r, struct err *e);

#endif
