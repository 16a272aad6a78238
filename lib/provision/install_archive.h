/* A root archive of the user's own into a new root file system
 *
 * From a file, from standard input or from an https URL. Besides plain root archives
 * (`docker export` makes such) two layouts are known whose root file system lies
 * deeper: LXC's and Incus' images with metadata.yaml beside rootfs/, and Incus'
 * backups with backup/container/rootfs/.
 */
#ifndef PROVISION_INSTALL_ARCHIVE_H
#define PROVISION_INSTALL_ARCHIVE_H

struct err;
struct host;
struct unpack_limits;
struct staging;

/* Make `rootfs` in `work`. `from` is a path, "-" or a URL; `sha256` is
 * NULL when it is not to be checked, and tells ERR_UNTRUSTED otherwise. */
int install_archive(struct host *h, const char *from, const char *sha256,
                    const struct unpack_limits *limits, struct staging *work, struct err *e);

#endif
