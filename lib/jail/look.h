/* Looking into a jail's root file system, from the host
 *
 * By the rules of lib/base/fd.h, and one more. What the user has mounted in a rootfs on the
 * host, a dataset or a bind, is part of the jail, and so it is looked into, never written to.
 * But a file system of a program or of a server may not answer, for ever, and to read a file of
 * /proc or /sys can do something. So mounts are crossed only if all that are in this rootfs are
 * of kinds that keep files, on disks or in memory of this machine: else what lies behind one is
 * EXDEV.
 */
#ifndef JAIL_LOOK_H
#define JAIL_LOOK_H

#include <stddef.h>

struct arena;
struct err;

/* What is there, not opened: a descriptor with O_PATH, to which `flags` are added. */
int look_at(int rootfs, const char *path, int flags, struct err *e);

/* Read a regular file; NULL with e->sys ENOENT when there is none. */
char *look_read(struct arena *m, int rootfs, const char *path, size_t limit, struct err *e);

#endif
