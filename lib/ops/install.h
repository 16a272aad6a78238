/* An image from the server into an empty root file system
 *
 * Fetched, hashed and unpacked at the same time; what did not arrive as the server's
 * index promises is a fault, and what lies in the directory then is worth nothing.
 */
#ifndef OPS_INSTALL_H
#define OPS_INSTALL_H

struct err;
struct host;
struct image_want;

int install_image(struct host *h, const struct image_want *want, int rootfs, struct err *e);

#endif
