/* Who else runs a system from the files of a jail
 *
 * systemd-nspawn locks what it runs (nspawn's own lock files, as of version 252), which the
 * units of jailmaker turn off. What is run without that lock, by chroot(8) or anything else, is
 * found by the root directories of processes.
 */
#ifndef OPS_INUSE_H
#define OPS_INUSE_H

#include <stdbool.h>

struct arena;
struct err;
struct jail;

/* ERR_BUSY if somebody does who is not the jail's own unit. `jail`: its open directory; `path`:
 * the directory's, as the kernel tells it; `runs`: the unit runs, which may hold nspawn's lock
 * itself. A rootfs that is a link is not looked at. */
int inuse_check(struct arena *m, int jail, const char *path, const char *name, bool runs,
                struct err *e);

/* The same of an opened jail that does not run. */
int inuse_check_stopped(struct arena *m, const struct jail *j, struct err *e);

#endif
