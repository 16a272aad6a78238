/* Snapshots of a jail: states of its config and its root file system that are kept
 *
 * Of a jail that is a ZFS dataset they are ZFS snapshots of it and of the datasets below it,
 * all made in one step (snapshot_zfs.c). Those that others made are listed too. Of a jail that
 * is a directory they are copies in its directory .snapshots (snapshot_dir.c): these share the
 * blocks of the jail's files where the file system can do that. The kind of the jail decides,
 * not that of the store.
 *
 * What jlmkr makes has a mark, and says why it was made. The caller holds the lock of the jail
 * (jail_lock) for all but reading.
 */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct jail;
struct reflink_total;
struct snapshot_ops;
struct store_listed;
struct words;

/* Why jlmkr made a snapshot. */
#define SNAPSHOT_ASKED "asked"		/* by the user */
#define SNAPSHOT_ROLLBACK "rollback"	/* what was rolled away */
#define SNAPSHOT_UPDATE "update"	/* what an update has replaced */
#define SNAPSHOT_CLONE "clone"		/* another jail was cloned from it */
#define SNAPSHOT_COPY "copy"		/* it was sent to another machine */
#define SNAPSHOT_EXPORTED "exported"	/* a stream is of it, whose file was to get its name */
#define SNAPSHOT_SCHEDULED "scheduled"	/* as snapshot_keep= of the config says */
#define SNAPSHOT_CONFIG "config"	/* before these commands, as auto_snapshot= says */
#define SNAPSHOT_EDIT "edit"
#define SNAPSHOT_SETUP "setup"

struct snapshot {
	const char *label;
	const char *why;		/* NULL: somebody else made it */
	int64_t made;			/* seconds since 1970 */
	int64_t used, referenced;	/* bytes; -1: not known */
	int64_t holds;			/* zfs-hold(8) */
	char *const *clones;		/* datasets that were cloned from it; ends with NULL */
};

/* The jail that has them. Borrows the directory from the handle. */
struct snapshots {
	const struct snapshot_ops *ops;
	struct arena *m;
	const char *name;		/* of the jail */
	const char *path;		/* of its directory, from the kernel */
	const char *dataset;		/* NULL: a directory */
	int dir;
};

struct snapshot_how {
	const char *label, *why;
	bool copy;			/* of a directory: a full copy */
};

/* ERR_INPUT, with the rule that it breaks, if no snapshot can have that label. */
int snapshot_label_check(const char *label, struct err *e);

/* The time, in seconds since 1970, as a label: "2026-11-26T12-00-00Z". */
const char *snapshot_label_at(struct arena *m, int64_t time);

/* Find out of which kind the jail is. ERR_INPUT if a part of it is not in its directory, or
 * if its dataset has more in it than the jail. */
int snapshots_open(struct arena *m, struct jail *j, struct snapshots *s, struct err *e);

/* The same of a jail that is incomplete, because it was being rolled back. */
int snapshots_open_broken(struct arena *m, struct jail *j, struct snapshots *s, struct err *e);

/* The oldest first. NULL on failure. */
struct snapshot *snapshots_list(const struct snapshots *s, size_t *n, struct err *e);

/* The snapshot of that label. ERR_MISSING, with the label that was probably meant. */
int snapshot_find(const struct snapshots *s, const char *label, struct snapshot *out,
                  struct err *e);

/* Make one, whole or not at all. ERR_EXISTS if there is one of that label. */
int snapshot_make(const struct snapshots *s, const struct snapshot_how *how, struct err *e);

/* Make one whose label is `before`, and the time behind it, and perhaps a number; how->label
 * becomes that. */
int snapshot_make_now(const struct snapshots *s, const char *before, struct snapshot_how *how,
                      struct err *e);

/* Open the directory that has its config and its rootfs. */
int snapshot_open_files(const struct snapshots *s, const char *label, struct err *e);

/* Delete it. ERR_BUSY, with names and the next step, if it is held or something is a clone of
 * it. */
int snapshot_delete(const struct snapshots *s, const char *label, struct err *e);

/* The same of one that was listed just now. */
int snapshot_drop(const struct snapshots *s, const struct snapshot *snap, struct err *e);

/* Of a dataset that was listed with the store (struct store_listed): add the labels of its
 * snapshots that were made for that reason and are not held. Returns whether there is a dataset
 * below it. */
bool snapshot_zfs_look(const struct snapshots *s, const struct store_listed *listed,
                       const char *why, struct words *labels);

/* Add the labels of the snapshots in the jail's open directory, which is not a dataset. */
void snapshot_dir_labels(struct arena *m, int jail, struct words *labels);

#endif
