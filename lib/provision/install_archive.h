/* Unpack the user's own root archive into a new root file system
 *
 * The archive is a file, standard input or an https URL. Besides plain root archives (such as
 * `docker export` makes) two layouts are known that contain the root file system deeper down:
 * images of LXC and Incus with metadata.yaml beside rootfs/, and backups of Incus with
 * backup/container/rootfs/.
 */
#ifndef PROVISION_INSTALL_ARCHIVE_H
#define PROVISION_INSTALL_ARCHIVE_H

struct archive_input;
struct err;
struct host;
struct unpack_limits;
struct staging;

/* Create `rootfs` in `work`. If `sha256` is not NULL and the archive has another hash, this
 * fails with ERR_UNTRUSTED. If the input has been looked at and is an export of a jail, its
 * manifest and its config must be right, too. */
int install_archive(struct host *h, struct archive_input *in, const char *sha256,
                    const struct unpack_limits *limits, struct staging *work, struct err *e);

#endif
