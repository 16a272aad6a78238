/* Who else than root may change a file
 *
 * Root runs what configs and scripts say, so whoever may write to one, or may put another in
 * its place, is root. Descriptors are looked at, so that what was checked is what is used. A
 * file or directory is root's alone when root owns it, and no one else may write to it or no
 * one else gets there: a directory above it belongs to root and is closed to all others.
 *
 * Modes are what is looked at. The group root is root; but where there is a POSIX ACL, the bits
 * of the group are its mask, and stand for all whom it lets in. What an NFSv4 ACL (TrueNAS)
 * grants to users and groups by name does not show in the mode, and is not seen.
 *
 * For another user than root everything is well: such a user has nothing to give away.
 */
#ifndef DISK_OWNER_H
#define DISK_OWNER_H

struct arena;
struct err;

/* Is the open directory `fd` root's alone? Else ERR_UNTRUSTED: `shown`, its owner or its mode,
 * and the command that changes it. O_PATH descriptors will do here and below. */
int owner_check(int fd, const char *shown, struct err *e);

/* The same for an open file that lies in the directory `dir`; -1: nobody knows where, a link
 * led to it. */
int owner_check_file(int fd, int dir, const char *shown, struct err *e);

/* Who else than root may put another directory in the place of the absolute path `path`,
 * because of the owner or the mode of it or of a directory above it: "bob (uid 1000) may rename
 * what is in /mnt/tank", with the remedy. NULL: nobody. */
const char *owner_above(struct arena *m, const char *path);

#endif
