/* What receive is about: one session, one jail
 *
 * Only this folder sees it. receive.c talks and takes streams, received.c makes a jail of them.
 */
#ifndef OPS_RECEIVING_H
#define OPS_RECEIVING_H

#include <stdbool.h>

#include "lib/disk/zfs_replica.h"
#include "lib/store/incoming.h"
#include "lib/store/snapshot.h"
#include "lib/store/store.h"

struct arena;
struct engine;
struct err;
struct letter;
struct str;

#define KIND_SNAPSHOT "snapshot:"	/* the mark of a snapshot; behind it is why */

struct session {
	struct engine *en;
	struct arena *m;
	int in, out;
	struct store jails;
	struct incoming box;
	const char *name;	/* NULL: not looked at yet */
	const char *jail;	/* its dataset, if there is one of that name; or NULL */
	struct zfs_replica now;
	bool is_open, is_standby;
	bool has_spoken;	/* the fault of this command was sent already */
	char *buf;		/* of LETTER_DATA_MAX bytes */
};

/* Read what there is again: of the jail or of the box. */
int session_look_again(struct session *s, struct err *e);

/* Whether a copy made the snapshot. */
bool session_is_of_copy(const struct zfs_replica_snap *snap);

/* The commands that make a jail of what is in the box, make a standby a jail and start it, and
 * delete a snapshot of a copy. */
int session_finish(struct session *s, const struct letter *l, struct str *answer,
                   struct err *e);
int session_take_over(struct session *s, const struct letter *l, struct str *answer,
                      struct err *e);
int session_drop(struct session *s, const struct letter *l, struct str *answer, struct err *e);

#endif
