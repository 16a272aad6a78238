/* The directory that a symbolic link leads to, if root alone has chosen it
 *
 * Every link on the way, at its end or in the middle, must belong to root: the owner of a link
 * decides where it leads. Directories on the way that others can rename are not refused, but
 * can be asked for. Only file systems that keep files on this machine are entered
 * (disk/mount.h): another one may never answer, and is noticed before it is asked anything.
 *
 * For another user than root every link will do, as in disk/owner.h.
 */
#ifndef DISK_TRAIL_H
#define DISK_TRAIL_H

struct arena;
struct err;

/* Open the directory that the link `name` in the directory `at` leads to; faults begin with
 * "NAME is a link to TARGET". ERR_UNTRUSTED for a link that is not root's; e->sys is ENOENT if
 * it leads nowhere. */
int trail_open(int at, const char *name, struct err *e);

/* Who else than root could have the link lead to another directory, by renaming one on the way:
 * as owner_above. NULL: nobody, or it leads nowhere. */
const char *trail_doubt(struct arena *m, int at, const char *name);

#endif
