/* Whether a root file system has an init that can run
 *
 * systemd-nspawn --boot tries three paths in turn. It tells systemd that the jail has started
 * before it does so: a root without an init would be a start that succeeds, and a jail that is
 * gone.
 *
 * Only what is certain is a fault. What cannot be looked at, because of what is mounted there,
 * or could be run by a binfmt_misc(5) handler of this machine, counts as an init. */
#ifndef JAIL_INIT_H
#define JAIL_INIT_H

#include <stdbool.h>

struct arena;

/* NULL if there is one, else why not: "/sbin/init is not executable". `rootfs` is an open
 * directory.
 * `*is_sound`: that one is a program at one of the places of systemd, and the libraries that it
 * names itself are where they usually are: it will not end before it has begun. */
const char *init_fault(struct arena *m, int rootfs, bool *is_sound);

/* The same of one program, for a jail that runs that instead of an init. */
const char *program_fault(struct arena *m, int rootfs, const char *path);

#endif
