/* The mark of a jail that is a standby as a directory
 *
 * A small file of root's in the jail's directory. As long as it is there, the jail is the copy
 * of one on another machine, or was handed over to one, and is not started. (A standby that
 * comes as a stream of ZFS is a read-only dataset instead: disk/zfs_replica.h.)
 */
#ifndef JAIL_STANDBY_H
#define JAIL_STANDBY_H

#include <stdbool.h>

struct arena;
struct err;

struct standby {
	const char *kind;	/* "standby", or "handed:..." as ops/move.c has it */
	const char *id;		/* of the copy, or of the handing over */
	const char *from;	/* what the machine that sends it calls itself; "": none */
	const char *of;		/* what the jail is called there; "": an older mark */
	const char *machine;	/* the machine id of the jail; "": not known */
};

/* Read the mark in the open directory of a jail. False: there is none. What is no regular file
 * of root's is none; one that says nothing known is a standby. */
bool standby_read(struct arena *m, int dir, struct standby *s);

/* The caller has a lock, so that nobody else sets or ends it. */
int standby_set(int dir, const struct standby *s, struct err *e);

/* It is a jail from now on. `keep`: a later standby_taken tells that it was this one. */
int standby_end(int dir, bool keep, struct err *e);

/* The ID of the standby that the jail was; NULL: none. */
const char *standby_taken(struct arena *m, int dir);
void standby_forget(int dir);

/* It could not be taken over, and is a standby again. */
int standby_return(int dir, struct err *e);

#endif
