/* Jails that go: renamed to a hidden name, checked once more, and deleted
 *
 * The rename makes a jail go. Once it is hidden nobody puts anything in it, and what a killed run
 * leaves is removed by staging_sweep. If the rename is not possible the jail is deleted under its
 * own name. What datasets and directories do differently is in removal_impl.h.
 */
#ifndef STORE_TRASH_H
#define STORE_TRASH_H

struct err;
struct removal;
struct store;

/* Whether names can come and go in the store: tried with a hidden one. Want of room is no fault,
 * what is removed makes some. */
int trash_try(const struct store *s, const char *name, struct err *e);

/* Delete what was looked at. The lock of the jail is the caller's (jail_lock). */
int trash_jail(const struct store *s, const struct removal *r, struct err *e);

/* The same under its own name, in a directory that is not DIR/jails: nobody would ever sweep what is
 * hidden there. */
int trash_in_place(const struct store *s, const struct removal *r, struct err *e);

#endif
