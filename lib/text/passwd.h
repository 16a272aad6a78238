/* passwd(5) and group(5), which a jail writes
 *
 * Nothing in them is taken for a number that is none, because setresuid(2) has a meaning for
 * -1 and strtoul(3) one for "abc".
 */
#ifndef TEXT_PASSWD_H
#define TEXT_PASSWD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Who a user is. */
struct passwd_line {
	const char *name, *home, *shell;
	uid_t uid;
	gid_t gid;
};

/* The first line of passwd(5) that has the user, a name or a number. `text` is cut into
 * pieces. False when there is none, or it is not a whole one with possible numbers. */
bool passwd_find(char *text, const char *user, struct passwd_line *line);

/* The number of a group by its name, in the text of group(5), which is cut into pieces. */
bool group_find(char *text, const char *group, gid_t *gid);

/* The groups that have the user, by name, as a member: how many are written to `out`. Those
 * that do not fit are left out. `text` is cut into pieces. */
size_t groups_with(char *text, const char *user, gid_t *out, size_t room);

/* A whole number below that of nobody at all, -1. */
bool passwd_id(const char *text, unsigned *id);

#endif
