/* A jail that is a clone of ZFS
 *
 * One step makes it, under its name: `zfs clone`. What is left to do then, datasets below it
 * and an identity of its own, whoever locks the jail next does, if who made it was killed. A
 * note says that it is not done: the link .clone-NAME in jails/, which leads nowhere. Its text
 * is FROM/ORIGIN, the name of the jail that it was cloned from and the snapshot. It counts only
 * if the jail is a clone of one with that label. Then the jail is finished, never destroyed.
 *
 * ZFS keeps the order of changes in a pool, which jails/ and the clone are in. So a power cut
 * leaves no clone without its note. What the note is for is synced before it goes.
 */
#ifndef STORE_CLONE_H
#define STORE_CLONE_H

#include <stdbool.h>

struct arena;
struct err;
struct store;
struct zfs_below;

struct clone_note {
	const char *from;	/* the name of a jail */
	const char *origin;	/* the snapshot of its dataset */
};

struct clone {
	const struct store *jails;
	const char *name, *dataset;
	struct clone_note note;
	bool found;		/* an earlier run began it */
	int dir;		/* open */
	int alone;		/* the lock of its name */
};

#define NO_CLONE { .dir = -1, .alone = -1 }
#define AUTOCLONE __attribute__((cleanup(clone_close))) struct clone

/* Read the note of a jail; `jails` is DIR/jails, open. False: there is none. */
bool clone_is_begun(struct arena *m, int jails, const char *name, struct clone_note *note);

/* Make the clone, in a store of datasets, and open it. ERR_EXISTS if the name is in use,
 * ERR_BUSY if another command makes a jail of that name, for two seconds. On failure nothing is
 * left of it. The strings are the caller's. */
int clone_begin(const struct store *s, const char *name, const struct clone_note *note,
                struct clone *c, struct err *e);

/* Open the one that was begun. 0: there is none, and no note any more; 1: there is one. */
int clone_find(const struct store *s, const char *name, struct clone *c, struct err *e);

/* Clone the datasets `b` below the origin's, of the snapshots of that label, and mount them. */
int clone_below(const struct clone *c, const struct zfs_below *b, struct err *e);

/* Drop the note: all is done, or another jail is given the name. */
void clone_forget(const struct store *s, const char *name);

/* Destroy what clone_begin has made. Warns if that fails: the same clone goes on with it. */
void clone_undo(struct clone *c);
void clone_close(struct clone *c);

/* For staging_sweep: `entry` of jails/ goes if it is a note without a jail. */
void clone_sweep(const struct store *s, const char *entry);

#endif
