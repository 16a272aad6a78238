/* Make the dynamic linker of a jail find the NVIDIA driver's libraries
 *
 * A file in ld.so.conf.d of the jail names their directories, and ldconfig(8) must run in the
 * jail whenever that file has changed. It runs twice: in a unit that the jail gets for this one
 * boot, before its services start, and again once the jail is up, so that we know that it ran.
 * Then the last line of the file says so; without that line the next start repeats all this.
 * The file is replaced as a whole, inside the root (lib/base/fd.h), because a running jail may
 * change it.
 */
#ifndef GPU_LDCONFIG_H
#define GPU_LDCONFIG_H

#include <stdbool.h>

struct engine;
struct err;
struct jail;
struct nvidia;
struct nvidia_binds;

/* Before a start with the driver, when the farm exists: write the file. If it has changed, set
 * `*news`, and if `unit` is true, add to `binds` what nspawn must bind for the unit. */
int ldconfig_prepare(struct engine *en, int root, const struct nvidia *nv, bool unit,
                     struct nvidia_binds *binds, bool *news, struct err *e);

/* After the start, if there was news: run ldconfig, and note in the file that it ran. */
int ldconfig_learn(struct engine *en, struct jail *j, const struct nvidia *nv, struct err *e);

/* After a start without the driver: delete the file, and run ldconfig if there was one. */
int ldconfig_forget(struct engine *en, struct jail *j, struct err *e);

#endif
