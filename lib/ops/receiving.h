/* What receive is about: one session, one jail
 *
 * Only this folder sees it. receive.c talks and takes streams of ZFS, receive_tree.c trees of
 * files, received.c makes a jail of them.
 */
#ifndef OPS_RECEIVING_H
#define OPS_RECEIVING_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/disk/zfs_replica.h"
#include "lib/jail/standby.h"
#include "lib/store/incoming.h"
#include "lib/store/snapshot.h"
#include "lib/store/store.h"
#include "lib/text/letter.h"

struct engine;
struct err;
struct str;

#define KIND_SNAPSHOT "snapshot:"	/* the mark of a snapshot; behind it is why */

enum { SENDER_ROOM = 200 };

struct session {
	struct engine *en;
	struct arena *m;	/* of one command: a session can be long */
	struct arena seen;	/* what session_look_again has read */
	int in, out;
	struct store jails;
	struct incoming box;
	const char *name;	/* NULL: not looked at yet */
	const char *jail;	/* its dataset, if there is one of that name; or NULL */
	struct zfs_replica now;
	bool is_open, is_standby;
	bool has_tree;		/* in the box, or a part of it */
	bool by_files;		/* the jail is a standby that comes as a tree, */
	bool is_known;		/* ... and has come from the one who sends now; */
	struct standby mark;	/* its mark */
	const char *id;		/* of that standby, or of what the jail was; NULL: none */
	char sender[SENDER_ROOM];
	const char *from;	/* who sends it, that; NULL: it does not say */
	bool has_spoken;	/* the fault of this command was sent already */
	char *buf;		/* of LETTER_DATA_MAX bytes */
};

/* Read what there is again: of the jail or of the box. */
int session_look_again(struct session *s, struct err *e);

/* How a stream ends, unless the connection does not work (-1). REFUSED: the rest of it comes
 * still. */
enum { STREAM_WHOLE, STREAM_REFUSED, STREAM_GIVEN_UP };

int session_write(struct session *s, enum letter_kind kind, const void *body, size_t n,
                  struct err *e);

/* Read one letter of a stream into s->buf. */
int session_read_piece(struct session *s, enum letter_kind *kind, size_t *n, struct err *e);

/* Say why a stream is not taken, and read the rest of it. */
int session_refuse(struct session *s, const struct err *why, struct err *e);

/* See what is in the box of a jail that comes as a tree; what somebody else has sent, or a
 * finish has changed, is deleted. */
int session_look_at_tree(struct session *s, struct err *e);

/* See whether the jail, whose directory is open, is a standby that comes as a tree. */
int session_look_at_files(struct session *s, int dir, struct err *e);

/* The commands that tell what is there of it, and take it. */
int session_list(struct session *s, const struct letter *l, struct str *answer, struct err *e);
int session_tree(struct session *s, const struct letter *l, struct str *answer, struct err *e);

/* Make a jail of its own of what was received, or a standby, or bring that up to date. */
int session_finish_tree(struct session *s, const struct letter *l, struct err *e);

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
