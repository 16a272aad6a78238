/* What a jail's linker knows of the NVIDIA driver's libraries
 *
 * A file of ld.so.conf.d in the rootfs names where they are; ldconfig(8) has to be run in the
 * jail when it has changed. That is done twice then: by a unit that the jail gets for this one
 * boot, before its services start, and once it is up, to know that it was done. The file says so
 * in its last line; without that the next start does it again. The file is replaced as a whole,
 * inside the root (lib/base/fd.h): the jail may be up, and change what it likes meanwhile.
 */
#ifndef GPU_LDCONFIG_H
#define GPU_LDCONFIG_H

#include <stdbool.h>

struct engine;
struct err;
struct jail;
struct nvidia;
struct nvidia_binds;

/* Before a start with the driver, whose farm is there: write the file, and, when something has
 * changed (`*news`) and the jail can have the `unit`, add what nspawn needs for it to `binds`. */
int ldconfig_prepare(struct engine *en, int root, const struct nvidia *nv, bool unit,
                     struct nvidia_binds *binds, bool *news, struct err *e);

/* After it: nothing that has changed is left undone. */
int ldconfig_learn(struct engine *en, struct jail *j, const struct nvidia *nv, struct err *e);

/* After a start without the driver: nothing of it is left. */
int ldconfig_forget(struct engine *en, struct jail *j, struct err *e);

#endif
