/* Hidden entries of jails/, for jails that come or go
 *
 *	.create-NAME-ID		being made
 *	.remove-NAME-ID		being deleted
 *
 * ID is 16 random hexadecimal digits, used once. What is ours has a mark as well, which
 * names the ID: "jail:ID" or "trash:ID", in the attribute trusted.jlmkr of the directory or,
 * where there are no attributes, in a file in it; of a dataset in the user property
 * jlmkr:kind, which tells what may be destroyed with it, too (work.c). What has such a name
 * and no mark is somebody else's and is left.
 *
 * Whoever works on an entry holds its lock, that of the name "work:ID", since before there was
 * an entry: what nobody holds was left by a run that was killed. Programs inherit the lock:
 * a zfs that outlives us is at work still.
 */
#ifndef STORE_HIDDEN_H
#define STORE_HIDDEN_H

#include <stdbool.h>

struct arena;
struct err;

enum hidden_kind { HIDDEN_CREATE, HIDDEN_REMOVE };

struct hidden {
	enum hidden_kind kind;
	const char *name;	/* of the jail */
	const char *entry, *id;
	const char *mark;	/* "jail:ID" */
	int lock;		/* -1: not held */
};

/* A new one, with its lock; nothing is made in jails/. */
int hidden_new(struct arena *m, enum hidden_kind kind, const char *name, struct hidden *h,
               struct err *e);

/* Understand a name; false: it is not one of these. */
bool hidden_parse(struct arena *m, const char *entry, struct hidden *h);

/* Take its lock: ERR_BUSY when somebody works on it, "`what` is in use by ...". */
int hidden_lock(struct hidden *h, const char *what, struct err *e);

/* Give it up. */
void hidden_done(struct hidden *h);

/* The lock of who makes a jail of that name in the open jails/, which no program inherits: it
 * ends with us. ERR_BUSY when somebody does. */
int hidden_lock_name(int jails, const char *name, struct err *e);
void hidden_unlock_name(int *lock);

/* Mark the directory that is, or will be, the entry; whether it is marked; take the mark off. */
int hidden_mark(const struct hidden *h, int dir, struct err *e);
bool hidden_is_marked(const struct hidden *h, int dir);

/* The same of one that has to stay empty, as a mount point has: where there are attributes. */
void hidden_mark_bare(const struct hidden *h, int dir);
void hidden_unmark(const struct hidden *h, int dir);

/* The file that is the mark where there are no attributes: of all that is in the directory it
 * has to go last. */
#define HIDDEN_FILE ".jlmkr-mark"

#endif
