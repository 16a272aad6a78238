/* What a layer of an OCI image takes away from the tree of those below it
 *
 * (image-spec, layer.md: whiteouts.) `DIR/.wh.NAME` takes NAME of the lower layers, a file or a
 * tree; `DIR/.wh..wh..opq` takes all that they have in DIR. Both mean the lower layers only,
 * wherever in the layer they stand, so the whole layer is read for them before any of its files
 * is made. Other names that begin with `.wh.` are reserved, and never become files.
 *
 * Links of lower layers on the way to DIR are followed inside the root, as all other tools do.
 * What is taken away is never a link's target.
 */
#ifndef ARCHIVE_LAYER_H
#define ARCHIVE_LAYER_H

#include <stdbool.h>

struct err;

/* Whether a part of the clean path (path_walk.h) is reserved. */
bool layer_reserves(const char *path);

/* If the clean path is one of a whiteout, take away what it names below the open directory
 * `root`; nothing may be there. ERR_UNTRUSTED if it names the directory itself or the one
 * above. */
int layer_white_out(int root, const char *path, struct err *e);

/* Remove `name` in `dir`, a file or a tree. */
int layer_remove(int dir, const char *name, struct err *e);

#endif
