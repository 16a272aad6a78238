/* Snapshots of a jail, made and deleted under its lock
 *
 * A jail that runs can have them, too. A dataset's are atomic: what a power cut would leave. A
 * directory is copied file by file, so the copies of a running jail are not all of one moment,
 * which is warned of.
 */
#ifndef OPS_SNAPSHOT_H
#define OPS_SNAPSHOT_H

#include <stdbool.h>

struct arena;
struct engine;
struct err;
struct jail;
struct snapshots;

/* Make one. `*label` NULL: it becomes the time. `copy`: of a directory, a full copy that shares
 * no blocks. */
int op_snapshot(struct engine *en, struct jail *j, const char **label, bool copy,
                struct err *e);

int op_snapshot_delete(struct engine *en, struct jail *j, const char *label, struct err *e);

/* Finish a clone or a rollback that was interrupted, of a jail that is locked and does not
 * run. */
int op_settle(struct engine *en, struct jail *j, struct err *e);

/* Lock the jail, settle it, and look for its snapshots. */
int op_snapshots_lock(struct engine *en, struct jail *j, struct snapshots *s, struct err *e);

/* What auto_snapshot=1 asks for before `why` (store/snapshot.h) changes the jail, which is
 * locked. Of an incomplete jail none is made. */
int op_snapshot_before(struct arena *m, struct jail *j, const char *why, struct err *e);

#endif
