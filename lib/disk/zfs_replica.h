/* Streams of a ZFS dataset, and what both sides of a copy have of it
 *
 * A stream is that of one snapshot, in full or from an earlier one: never a package, so that it
 * has no properties and says nothing of other datasets. OpenZFS sends blocks as they are on the
 * disk, compressed, and goes on where a cut stream ended; zfs-fuse can do neither.
 *
 * What is received comes from another machine: zfs_begin_read looks at a stream before zfs(8)
 * gets it, and nothing of a token is believed.
 */
#ifndef DISK_ZFS_REPLICA_H
#define DISK_ZFS_REPLICA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct child;
struct err;

struct zfs_replica_snap {
	const char *label;
	uint64_t guid;		/* the same on both sides */
	uint64_t txg;
	uint64_t referenced;	/* bytes */
	uint64_t written;	/* since the snapshot before; 0: not known */
	const char *kind;	/* our mark, not inherited; NULL: none */
	bool held;
};

struct zfs_replica {
	bool readonly, is_encrypted;
	bool has_own_key;	/* which none above it has: so is what was received raw */
	bool is_locked;		/* its key is not loaded */
	const char *kind;
	const char *token;	/* of a stream that was cut; NULL: none */
	uint64_t referenced, written;
	const char *child;	/* the first dataset below it; NULL: none */
	struct zfs_replica_snap *v;	/* the oldest first */
	size_t n;
};

/* Whether zfs(8) is that of OpenZFS: by a mount of the dataset or of one above it. */
bool zfs_is_open(struct arena *m, int dir);

int zfs_replica_read(struct arena *m, const char *dataset, bool is_open, struct zfs_replica *r,
                     struct err *e);

/* Parse the output of `zfs get`. Pure. */
int zfs_replica_parse(struct arena *m, char *text, const char *dataset, struct zfs_replica *r,
                      struct err *e);

/* Of OpenZFS only. */
bool zfs_is_encrypted(struct arena *m, const char *dataset);

/* NULL: none. */
const struct zfs_replica_snap *zfs_replica_find(const struct zfs_replica *r, uint64_t guid);

/* -- streams -- */

struct zfs_send {
	const char *dataset, *label;
	const char *from;	/* the label of an earlier snapshot; NULL: in full */
	const char *token;	/* to go on with a stream that was cut; NULL: from its begin */
	bool is_open;
	bool raw;		/* what is encrypted stays that; OpenZFS only */
};

/* `c->out` is the stream, `c->err` what zfs(8) says. */
int zfs_send_start(struct arena *m, const struct zfs_send *how, struct child *c, struct err *e);

/* Whether a token, of which the other side says that it is ours, is for the snapshot with that
 * guid, from the one with the other (0: in full), raw or not. It could name any dataset here.
 * `*size`: bytes that are missing, 0: not known. */
bool zfs_token_is_of(struct arena *m, const char *token, uint64_t guid, uint64_t from,
                     bool raw, uint64_t *size);

/* The same of what zfs(8) tells of it. Pure. */
bool zfs_token_text_is_of(const char *text, uint64_t guid, uint64_t from, bool raw,
                          uint64_t *size);

struct zfs_receive {
	const char *dataset, *label;	/* the dataset need not exist if the stream is full */
	bool is_open;
	bool keeps_part;		/* of a stream that is cut, to go on with it */
};

/* `c->in` takes the stream of a snapshot of that label. The dataset is not mounted (zfs-fuse
 * mounts it). Unless it keeps parts, it is as it was until the last record has come. */
int zfs_receive_start(struct arena *m, const struct zfs_receive *how, struct child *c,
                      struct err *e);

/* Create the dataset that something is received into: never mounted itself, with a mark, and
 * read-only, which what is in it inherits until zfs_set_writable. */
int zfs_create_box(const char *name, const char *kind, struct err *e);
int zfs_set_writable(const char *name, struct err *e);

/* Forget what was received of a stream that was cut. */
int zfs_receive_forget(const char *dataset, struct err *e);

enum { ZFS_BEGIN = 312 };	/* bytes */

struct zfs_begin {
	uint64_t guid, from;	/* of its snapshot, and of the earlier one; 0: in full */
	bool raw;
	char name[257];		/* of the snapshot where it was sent; any bytes */
};

/* Whether it is a stream of any kind, by its first bytes. Pure. */
bool zfs_is_stream(const unsigned char *data, size_t n);

/* Read the first record of a stream. ERR_UNTRUSTED unless it is the stream of one snapshot of a
 * file system. Pure. */
int zfs_begin_read(const unsigned char *data, size_t n, struct zfs_begin *b, struct err *e);

/* Whether these bytes, ZFS_BEGIN of them, are the last record of a stream. Pure. */
bool zfs_is_end(const unsigned char *data);

/* -- standbys -- */

/* Begins of the mark of a dataset that is read-only: a copy of a jail elsewhere, or a jail that
 * was handed over to another machine. */
#define ZFS_STANDBY "standby"
#define ZFS_HANDED "handed:"

bool zfs_kind_is_standby(const char *kind);	/* either of them; NULL: no */

/* A removal puts its own mark and a space in front of that. If it was killed before the dataset
 * got its hidden name, the jail is what it was: the mark from before, in `kind`. */
const char *zfs_kind_before(const char *kind);

int zfs_set_standby(const char *name, const char *kind, struct err *e);
int zfs_end_standby(const char *name, struct err *e);	/* or it stays one */

/* Whether the dataset of an open directory is read-only. Runs zfs(8) for zfs-fuse only. */
bool zfs_is_readonly(struct arena *m, int dir);

#endif
