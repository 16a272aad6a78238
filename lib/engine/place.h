/* Which directory a running jail is of
 *
 * A jail is its directory. Its unit is called after its name, which another jail may have
 * as well: in a copy of the jailmaker directory on another pool, say. So whoever finds the
 * unit running looks where: the working directory of its main process, which is the jail's
 * and stays so when that is renamed or moved, or else what the unit says.
 */
#ifndef ENGINE_PLACE_H
#define ENGINE_PLACE_H

#include <stdint.h>
#include <sys/types.h>

struct engine;
struct jail;

/* NULL when the jail of that name which runs is ours, or it cannot be known; else the other's
 * directory. `main_pid` is nspawn's, 0 when not known, and `folder` what the unit has as its
 * working directory, "" when not known. */
const char *place_elsewhere(struct engine *en, const struct jail *j, pid_t main_pid,
                            const char *folder);

#endif
