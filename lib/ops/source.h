/* The files of a jail, to be read as they are at one moment
 *
 * What export, copy and a full clone have in common: the jail's snapshot of a label, or one
 * that is made for this and deleted at the end; where the store cannot make any, the jail
 * itself, under its lock; if it runs, that is warned of. Only this folder sees it.
 *
 * A killed run leaves a snapshot, which the next one of the jail deletes.
 */
#ifndef OPS_SOURCE_H
#define OPS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/archive/squeeze.h"
#include "lib/disk/zfs_below.h"
#include "lib/store/snapshot.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

struct engine;
struct err;
struct export_graft;
struct export_zfs;
struct have;
struct jail;
struct zfs_item;

struct source {
	/* the caller's */
	struct engine *en;
	struct jail *jail;
	const char *name;
	const char *asked;		/* the label; NULL: the jail as it is now */
	struct export_zfs *zfs;		/* it is written as a stream of ZFS; NULL: its files */
	const char *from;		/* ... from that label on; NULL: in full */
	bool stop;			/* if it runs, stop it for this, and start it again */
	long timeout;			/* of struct stop_how */
	const char *mixes;		/* what a jail that runs is warned of; NULL: nothing */
	bool locked;			/* the caller has the lock of the jail, and keeps it */
	bool strict;			/* what the archive cannot take in is a fault */
	const struct have *there;	/* of struct export_tree */
	uint64_t *reached;
	/* ours */
	struct snapshots of;
	const char *label;		/* of the snapshot that is read; NULL: the jail */
	bool made;			/* ... it was made for this, */
	bool kept;			/* or stays (source_keep), */
	bool stopped;			/* and the jail has to be started again */
	int lock, held;			/* -1 at first, as both of these */
	int files;			/* the directory with its config and its rootfs */
	struct store jails;		/* jails.fd: -1 at first */
	struct staging clone;		/* of the snapshot, where it cannot be opened */
	struct zfs_below below;		/* the datasets below the jail's, or in the snapshot, */
	struct export_graft *grafts;	/* ... and those of them that the archive takes in */
	size_t grafts_n;
};

/* Find and open them. Close it in any case. */
int source_open(struct source *x, struct err *e);

/* Write them to a descriptor as an archive of archive/pack.h. `hex` becomes its SHA-256. */
int source_write(struct source *x, enum squeeze_kind kind, int to, char *hex, struct err *e);

/* Copy the config and the root file system, with the datasets below that are mounted in it,
 * into an empty directory; nothing in it shares blocks with the jail. */
int source_copy(struct source *x, int to, struct err *e);

/* Whether the files of a dataset below the jail's are among them. */
bool source_takes(const struct snapshots *of, const struct zfs_item *below);

/* About how many bytes they have. */
uint64_t source_measure(struct source *x);

/* The snapshot in a stream stays, from the moment on when nothing but the name of the file `to`
 * is missing: without it, the next stream could not begin where this one ends. Before
 * source_close. */
int source_keep(struct source *x, int to, struct err *e);

/* The file could not get its name: the snapshot goes. After source_close. */
void source_keep_not(struct source *x);

/* -1: the jail that was stopped could not be started again. */
int source_close(struct source *x, struct err *e);

#endif
