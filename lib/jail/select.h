/* The jails that a command line means
 *
 * A word is a jail's name, or a pattern as in a shell (`*`, `?`, `[…]`; glob(7)) that
 * names all jails it fits. Names cannot hold these characters, so nothing is both.
 */
#ifndef JAIL_SELECT_H
#define JAIL_SELECT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

struct selected {
	const char *name;
	bool by_name;		/* not just by a pattern: it must be there */
};

/* Every jail once, in the order of the words and in each of names; with `all` all
 * jails there are. A name is not looked up. ERR_MISSING for a pattern that fits
 * nothing. NULL with a fault. */
struct selected *jail_select(struct arena *m, const char *dir, char *const *words, bool all,
                             size_t *n, struct err *e);

#endif
