/* A stream that comes from elsewhere, and what becomes of what was received
 *
 * Only this folder sees it: for receive, the other side of copy, and for import. Nothing of it
 * is trusted until it was checked: the config, who owns it, that there is a root file system.
 */
#ifndef OPS_ARRIVAL_H
#define OPS_ARRIVAL_H

#include <stdbool.h>

struct arena;
struct child;
struct err;
struct incoming;
struct store;
struct zfs_receive;
struct zfs_replica;

/* Open jails/ in the jailmaker directory, and sweep it. `*is_open`: it is a dataset, of
 * OpenZFS. */
int arrival_open_store(struct arena *m, const char *dir, struct store *jails, bool *is_open,
                       struct err *e);

/* The dataset of the jail with that name, which has to be one of its own, mounted or locked,
 * and what it has. NULL on failure. */
const char *arrival_find_jail(struct store *jails, const char *name, bool is_open,
                              struct zfs_replica *now, struct err *e);

/* Whether it is a standby that streams can be received into. */
bool arrival_is_standby(const struct zfs_replica *now);

/* zfs_receive_start. It holds the lock of the box's name to its end, also if we are killed. */
int arrival_receive(struct arena *m, const struct incoming *box, const struct zfs_receive *how,
                    struct child *zfs, struct err *e);

/* Why zfs receive did not take a stream, by what it said. `changed`: what to say if the dataset
 * has changes of its own. */
int arrival_fail(struct arena *m, const char *said, int status, const char *changed,
                 struct err *e);

/* Read the config of what came, in the open directory: a file with this one name. */
char *arrival_read_config(struct arena *m, int dir, const char *shown, struct err *e);

/* -- what is in the box becomes a jail -- */

/* What is known of it. */
struct arrival {
	struct arena *m;
	struct incoming *box;
	bool is_open;
	bool raw;		/* it may be locked */
	const char *jail;	/* what it was called; NULL: it stays the same machine */
	const char *shown;	/* the jail that it was, in messages */
	const char *config;	/* what was shown and checked already; NULL: neither */
};

/* What is in the open directory: the config, who owns it, and a root file system. */
int arrival_check(const struct arrival *a, int dir, struct err *e);

/* What has come as a stream: the directory of a jail, which is called `shown` in messages. As
 * arrival_check, but its config was read elsewhere. And nothing of work of ours that goes on
 * may have come with it: what that is to end with was not looked at. */
int arrival_check_stream(int dir, const char *shown, struct err *e);

/* Check all, and make it a standby. What is locked is checked when it is to become a jail. */
int arrival_standby(const struct arrival *a, struct err *e);

/* Check all, and make it a jail of its own, without its snapshots: it does not need them. */
int arrival_own(const struct arrival *a, struct err *e);

#endif
