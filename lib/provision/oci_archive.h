/* An image in layers, in an archive that has been unpacked
 *
 * Known are the layout of OCI (oci-layout, index.json, blobs/), as skopeo, podman and buildah
 * write it, and what `docker save` writes (manifest.json with the paths of the layers); newer
 * Docker writes both at once. What lies in the directory tells which it is. It is hostile:
 * paths are followed inside it, nothing but regular files is opened, and what has a digest is
 * checked against it before it is used.
 */
#ifndef PROVISION_OCI_ARCHIVE_H
#define PROVISION_OCI_ARCHIVE_H

#include <stdbool.h>

struct arena;
struct err;
struct oci_image;

/* Whether there is such an image in the open directory `dir`. */
bool oci_archive_is(int dir);

/* Read what describes the image; it is for this machine. `dir` must stay open while layers are
 * opened; all else lives in `m`. */
int oci_archive_open(struct arena *m, int dir, struct oci_image *out, struct err *e);

#endif
