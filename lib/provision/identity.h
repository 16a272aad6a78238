/* What makes a root file system another machine than the one that it was copied from
 *
 * Its host name, its machine id (machine-id(5)), from which DHCP clients and others make what
 * they are known by, and the seed of its random numbers. All of it is hostile (lib/base/fd.h):
 * what cannot be changed is a fault, and nothing outside of the root is touched.
 */
#ifndef PROVISION_IDENTITY_H
#define PROVISION_IDENTITY_H

#include <stdbool.h>

struct arena;
struct err;
struct words;

/* Give the root the host name `to` where it calls itself `from`, and a new machine id if it has
 * one: without one it has never booted, and makes its own. `e` must not be NULL. */
int identity_renew(int rootfs, const char *from, const char *to, struct err *e);

/* Delete what one that was killed has left in it: files that were to replace others. */
void identity_sweep(int rootfs);

/* Whether it has SSH host keys, which its copies have, too. */
bool identity_has_ssh_keys(int rootfs);

/* Add the files of it that set a static address, with that: "/etc/network/interfaces: address
 * 192.0.2.7". Of systemd-networkd and ifupdown. */
void identity_addresses(struct arena *m, int rootfs, struct words *found);

#endif
