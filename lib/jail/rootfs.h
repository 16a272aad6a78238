/* What a jail's root file system says of itself; `rootfs` is an open directory */
#ifndef JAIL_ROOTFS_H
#define JAIL_ROOTFS_H

#include "lib/text/osrel.h"

struct arena;
struct err;

/* Its os-release(5). ERR_MISSING if it has none. */
int rootfs_os(struct arena *m, int rootfs, struct osrel *out, struct err *e);

/* The file name that /sbin/init comes to inside: "systemd", usually. NULL with ERR_MISSING if
 * there is no init. */
const char *rootfs_init(struct arena *m, int rootfs, struct err *e);

#endif
