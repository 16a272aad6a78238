/* Jails that go: renamed to a hidden name, checked once more, and deleted
 *
 * Once it is hidden nobody puts anything in it, and a run that is killed leaves what
 * staging_sweep takes away. A dataset is destroyed thing by thing, as the list says that was looked
 * at; as long as nothing is gone, what fails gives it its name back.
 */
#ifndef OPS_TRASH_H
#define OPS_TRASH_H

struct err;
struct store;
struct removal;

/* Whether names can come and go in jails/: tried with a hidden one. Want of room is no fault, what
 * is removed makes some. */
int trash_try(const struct store *s, const char *name, struct err *e);

/* Delete what was looked at. The lock of the jail is the caller's (jail_lock). */
int trash_jail(const struct store *s, const struct removal *r, struct err *e);

#endif
