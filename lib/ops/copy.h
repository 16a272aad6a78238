/* A jail copied to another machine, by ssh
 *
 * A copy is made of a snapshot, so that the jail may run. There it is a jail of its own, with
 * another identity, or with `refresh` a standby: the same jail with the same snapshots,
 * read-only, that a later copy brings up to date and `promote` makes a jail. What only the
 * other side has is never destroyed: where that would be needed, nothing is done.
 *
 * From dataset to dataset it is a stream of ZFS (disk/zfs_replica.h). Where one side keeps the
 * jail as a directory it is a tree of files (copying_tree.c, disk/passes.h): what is there is
 * not sent again. A standby then has no snapshots, and what was changed in it is lost.
 */
#ifndef OPS_COPY_H
#define OPS_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/ops/peer.h"

struct arena;
struct engine;
struct err;
struct jail;

struct copy_how {
	struct peer_how peer;
	const char *to;		/* the name there; NULL: the same */
	const char *label;	/* of the snapshot; NULL: as the jail is now */
	bool refresh, dry_run;
	bool raw;		/* of an encrypted jail: the other side gets no key */
	uint64_t limit;		/* bytes in a second; 0: none */
};

/* What was sent, or would be. */
struct copy_told {
	struct words steps;	/* a line each */
	const char *to;		/* "nas2:web" */
	uint64_t bytes;		/* that were sent */
};

int op_copy(struct engine *en, struct jail *j, const struct copy_how *how,
            struct copy_told *told, struct err *e);

/* Split "[USER@]HOST:[NAME]". ERR_USAGE. */
int op_copy_target(struct arena *m, const char *text, struct copy_how *how, struct err *e);

struct move_how {
	struct copy_how copy;
	bool keep;		/* the jail here becomes a standby of the other one */
	long timeout;		/* of struct stop_how */
};

/* The same with the jail itself: copied while it runs, stopped, the difference copied, started
 * there, and removed here. From the moment when it is handed over it can no longer be started
 * here, and from the answer on it can be there. After a cut in between, the same command asks
 * the other side and goes on. */
int op_move(struct engine *en, struct jail *j, const struct move_how *how,
            struct copy_told *told, struct err *e);

/* Whether it is a standby, or was handed over: read-only. The jail's directory is open. */
bool op_is_standby(struct arena *m, const struct jail *j);

/* ERR_HOST if it is. */
int op_check_not_standby(struct arena *m, const struct jail *j, struct err *e);

/* For who reads its files. The next copy deletes those of a standby that is a directory:
 * `*lock` becomes what keeps that away until it is dropped (disk/lock.h), or -1 if nothing has
 * to. */
int op_hold_standby(struct engine *en, const struct jail *j, int *lock, struct err *e);

/* Make a standby, or a jail that was handed over, a jail that can be started. 1: it is
 * neither. */
int op_end_standby(struct engine *en, struct jail *j, struct err *e);

#endif
