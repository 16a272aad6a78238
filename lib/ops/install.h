/* An image from the server or the cache into a new root file system
 *
 * Fetched, hashed, kept in the cache and unpacked at the same time; what did not arrive
 * as the server's index promises is a fault, and what lies in the directory then is
 * worth nothing.
 */
#ifndef OPS_INSTALL_H
#define OPS_INSTALL_H

#include <stdbool.h>

struct err;
struct host;
struct image_want;

/* Make `rootfs` in the open directory `work`. Without `offline` what the server has counts,
 * and the cache when it is of no use. */
int install_image(struct host *h, const struct image_want *want, bool offline, int work,
                  struct err *e);

#endif
