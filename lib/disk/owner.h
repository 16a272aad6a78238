/* Check that only root may change a file
 *
 * Root runs the commands in configs and scripts, so a user who may write to one, or may
 * replace it, can become root. The checks use descriptors, so that the checked file is the one
 * that is used. A file or directory passes if root owns it and nobody else may write to it, or
 * nobody else can reach it, because a directory above it belongs to root and is closed to all
 * others.
 *
 * Only modes are checked. The group root counts as root, but if there is a POSIX ACL, the bits
 * of the group are its mask, and may apply to others. The rights that an NFSv4 ACL (TrueNAS)
 * grants to users and groups by name do not appear in the mode, and are not checked.
 *
 * If we do not run as root, every check passes: such a user has no rights to lose.
 */
#ifndef DISK_OWNER_H
#define DISK_OWNER_H

struct arena;
struct err;

/* Check the open directory `fd`. ERR_UNTRUSTED, with the owner or mode and the command that
 * changes it. Messages call it `shown`. O_PATH descriptors are enough, here and below. */
int owner_check(int fd, const char *shown, struct err *e);

/* The same for an open file in the directory `dir`; -1: unknown, because a link led to it. */
int owner_check_file(int fd, int dir, const char *shown, struct err *e);

/* A message if others than root may replace the directory at the absolute path `path`, because
 * of the owner or mode of the path or of a directory above it: "bob (uid 1000) may rename the
 * files in /mnt/tank", with the command that prevents it. NULL: nobody may. */
const char *owner_above(struct arena *m, const char *path);

#endif
