/* Make an image's root file system a jail's own
 *
 * Images are made for LXC. What they lack, or have too much of, to boot under
 * systemd-nspawn with a name and a network of their own is changed here, in the
 * tree, before the first start. Every name is resolved inside the root, whatever
 * links it holds (lib/base/fd.h); a distribution that does not have a part is left without.
 */
#ifndef PROVISION_CUSTOMIZE_H
#define PROVISION_CUSTOMIZE_H

struct err;

/* `hostname` is written to /etc/hostname and /etc/hosts. */
int customize(int rootfs, const char *hostname, struct err *e);

#endif
