/* Owner, mode, ACL and extended attributes of a file, for one that takes its place
 *
 * What counts is who may read it: the new file is open to nobody else at any time
 * in between. Attributes of the system that a file has for other reasons (security.*,
 * trusted.*) are left to the kernel.
 */
#ifndef BASE_ATTRS_H
#define BASE_ATTRS_H

struct err;

/* Give `to` what `from` has: owner, group, mode, its POSIX ACL or none, the NFSv4 ACL as
 * TrueNAS keeps it, and all user.* attributes. Both are open files. */
int attrs_copy(int from, int to, struct err *e);

#endif
