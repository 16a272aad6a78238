/* What may be a jail's name
 *
 * 1-64 letters of A-Za-z0-9.-, no dot or dash at either end, no dot next to another
 * or to a dash: fit for a machine name, a unit name, a host name and a directory.
 * Earlier tools were not as strict; jails that they made are found all the same.
 */
#ifndef JAIL_NAME_H
#define JAIL_NAME_H

#include <stdbool.h>

struct arena;
struct err;

enum { NAME_LIMIT = 64 };

/* For a jail that is to be made. ERR_INPUT with the rule that is broken. */
int name_check(const char *name, struct err *e);

/* For a jail that may exist: whether this is one visible entry of a directory. */
bool name_is_entry(const char *name);

/* jlmkr-NAME.service, and back: NULL if it is not a unit of ours. */
char *name_unit(struct arena *m, const char *name);
char *name_of_unit(struct arena *m, const char *unit);

#endif
