/* Adapt an image's root file system to systemd-nspawn
 *
 * Images are made for LXC. Before the first start this changes in the tree what they need to
 * boot under systemd-nspawn with a name and a network of their own. Every name is resolved
 * inside the root, whatever links it contains (lib/base/fd.h). Parts that a distribution does
 * not have are skipped.
 */
#ifndef PROVISION_CUSTOMIZE_H
#define PROVISION_CUSTOMIZE_H

struct err;

/* `hostname` is written to /etc/hostname and /etc/hosts. */
int customize(int rootfs, const char *hostname, struct err *e);

/* Where the root calls itself `from`, in /etc/hostname and as a word in /etc/hosts, it becomes
 * `to`. `e` must not be NULL. */
int customize_hostname(int rootfs, const char *from, const char *to, struct err *e);

#endif
