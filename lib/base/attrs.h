/* Copy owner, mode, ACL and extended attributes of a file to the file that replaces it
 *
 * At no time in between can anybody read the new file who cannot read the old one.
 * The attributes security.* and trusted.* are not copied: they are the system's.
 */
#ifndef BASE_ATTRS_H
#define BASE_ATTRS_H

struct err;

/* Give `to` the owner, group, mode, POSIX ACL (or none), NFSv4 ACL (as TrueNAS keeps it)
 * and user.* attributes of `from`. Both are open files. */
int attrs_copy(int from, int to, struct err *e);

#endif
