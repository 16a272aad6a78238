/* A jail that comes from another machine, until it is whole
 *
 * Its streams are received into the dataset jails/.receive-NAME-ID/jail. The one above it is a
 * box: never mounted itself, with our mark, and read-only, which what is in it inherits. One
 * rename takes the jail out of the box and gives it its name. A run that is cut or killed
 * leaves the box, and the next one for that name goes on with it; `remove NAME` deletes it.
 *
 * A jail that comes as a tree of files (disk/passes.h) lies there, too: in a dataset that is
 * made here, or, in a store of directories, in the directory jails/.receive-NAME-ID itself.
 */
#ifndef STORE_INCOMING_H
#define STORE_INCOMING_H

#include <stdbool.h>

#include "lib/store/store.h"

struct err;
struct hidden;

struct incoming {
	const struct store *jails;
	const char *name;
	struct hidden *hidden;	/* of the box */
	const char *box;	/* its dataset or path; NULL: there is none */
	const char *dataset;	/* what the jail is received as; NULL: no box, or a directory */
	bool is_done;		/* incoming_done was called, perhaps by an earlier run */
	int alone;		/* the lock of the name */
};

#define AUTOINCOMING __attribute__((cleanup(incoming_close))) struct incoming

/* Lock the name, and find the box of an earlier run. ERR_BUSY if another command makes or
 * receives a jail of that name, for ten seconds. Close it in any case. */
int incoming_open(const struct store *s, const char *name, struct incoming *in, struct err *e);

/* Only take that lock, at once. Returns it: lock_drop of disk/lock.h. */
int incoming_keep_away(const struct store *s, const char *name, struct err *e);

/* Whether programs that are started inherit the lock of the name, if it is open: one that
 * outlives us holds it to its end, and the next run waits for that. */
void incoming_share_lock(const struct incoming *in, bool shared);

/* Make the box, if there is none; for a stream of ZFS, in a store of datasets. */
int incoming_begin(struct incoming *in, struct err *e);

/* The directory for a tree; the box is made if there is none. */
int incoming_tree(struct incoming *in, struct err *e);

/* The same of a box that is there. -1: there is none, or nothing of a tree in it. */
int incoming_look_tree(struct incoming *in);

/* Mount what was received, and open its directory; `writable`: to change it. */
int incoming_mount(struct incoming *in, bool writable, struct err *e);

/* From now on nothing is received any more: only the rename is missing. After a run that is
 * killed then, nothing tells what it is of. */
int incoming_done(struct incoming *in, struct err *e);

/* Give it its name. ERR_EXISTS if there is a jail of that name. The caller has closed what it
 * has opened in it. */
int incoming_finish(struct incoming *in, struct err *e);

/* Destroy the box with all that is in it. Does nothing if there is none. */
int incoming_drop(struct incoming *in, struct err *e);

void incoming_close(struct incoming *in);

/* For staging_sweep: destroy a box that a killed run left empty, and whose lock is held. */
void incoming_sweep(const struct store *s, const struct hidden *h);

/* Delete what was received of a jail of that name: 1, or 0 if there is nothing. */
int incoming_forget(const struct store *s, const char *name, struct err *e);

#endif
