/* A jail on its way to another machine: the steps that copy and move share
 *
 * Only this folder sees it. A snapshot of ours, whose label begins with `prefix`, is what a
 * copy is of and what the next one to the same place begins with; the newest one stays.
 */
#ifndef OPS_COPYING_H
#define OPS_COPYING_H

#include "lib/disk/zfs_replica.h"
#include "lib/ops/copy.h"
#include "lib/ops/peer.h"
#include "lib/store/snapshot.h"

enum there_state {
	THERE_NONE,
	THERE_PART,		/* some of it, or all, was received: there is no jail yet */
	THERE_STANDBY,
	THERE_JAIL,
};

/* What the other side has. Its snapshots are those of a struct zfs_replica; `kind` says whether
 * a copy made them. */
struct there {
	enum there_state state;
	bool is_open, has_zfs, is_encrypted, has_own_key;
	const char *id;			/* of a standby that is a tree, or was; NULL: none */
	const char *from, *of, *machine;	/* of struct standby; NULL: it is none */
	const char *self;		/* what the other side calls itself */
	struct zfs_replica has;
};

struct copying {
	struct engine *en;
	struct arena *m;
	struct jail *jail;
	const struct copy_how *how;
	const char *to;			/* the name there */
	const char *prefix;
	struct snapshots mine;
	struct zfs_replica here;
	struct there there;
	struct peer peer;
	bool is_open;			/* OpenZFS here */
	bool by_tree;			/* a tree of files is sent, not a stream of ZFS */
	bool is_marked;			/* it is a standby here, as a tree */
	bool locked;			/* the caller has the lock of the jail */
	bool is_draft;			/* more is sent when the jail is stopped */
	bool strict;			/* of struct source */
	const char *id;			/* of the standby there, as a tree */
	const char *machine;		/* the machine id of the jail; "": it has none */
	struct copy_told *told;
};

#define AUTOCOPYING __attribute__((cleanup(copying_close))) struct copying

/* Look at the jail, connect, and look there. Close it in any case. */
int copying_open(struct copying *c, struct engine *en, struct jail *j,
                 const struct copy_how *how, struct copy_told *told, struct err *e);

/* A jail of its own there. */
int copying_another(struct copying *c, struct err *e);

/* A standby there: made, or brought up to date. */
int copying_standby(struct copying *c, struct err *e);

/* A snapshot here that no stream brings there any more: what both have is newer, or its label
 * is taken there. NULL: none. */
const char *copying_lost(const struct copying *c);

/* Connect once more. */
int copying_reconnect(struct copying *c, struct err *e);

/* Delete our snapshots, here and there; `all`: the newest, too. */
void copying_tidy(struct copying *c, bool all);

void copying_close(struct copying *c);

/* What this machine calls itself towards others. */
const char *copying_sender(struct arena *m);

/* What move does with the jail here. KIND as in disk/zfs_replica.h. */
int copying_mark(struct copying *c, const char *kind, struct err *e);
int copying_unmark(struct copying *c, struct err *e);

/* Whether the jail or the standby there is what was sent last, and no other of that name. */
bool copying_has_last(const struct copying *c);

/* ... and whether the other side has taken it over. */
bool copying_is_taken(const struct copying *c);

#endif
