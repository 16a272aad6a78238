/* Hidden entries of jails/, for jails that are being created or deleted
 *
 *	.create-NAME-ID		being created
 *	.remove-NAME-ID		being deleted
 *	.receive-NAME-ID	a copy that comes from another machine (incoming.h)
 *
 * ID is 16 random hexadecimal digits, used once. Each entry of ours also has a mark that names
 * the ID: "jail:ID" or "trash:ID". The mark of a directory is the attribute trusted.jlmkr, or a
 * file in it if the file system has no attributes. The mark of a dataset is the user property
 * jlmkr:kind, which also says what may be destroyed with it (store_zfs.c). An entry with such a
 * name and no mark belongs to somebody else and is left alone.
 *
 * A command that works on an entry holds its lock, named "work:ID", from before the entry
 * exists until it is gone. An entry whose lock is free was left by a run that was killed.
 * Programs that we start inherit the lock: a zfs that outlives us is still working.
 */
#ifndef STORE_HIDDEN_H
#define STORE_HIDDEN_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;

enum hidden_kind { HIDDEN_CREATE, HIDDEN_REMOVE, HIDDEN_RECEIVE };

struct hidden {
	enum hidden_kind kind;
	const char *name;	/* of the jail */
	const char *entry, *id;
	const char *mark;	/* "jail:ID" */
	int lock;		/* -1: not held */
};

/* A new entry, with its lock held. Creates nothing in jails/. */
int hidden_new(struct arena *m, enum hidden_kind kind, const char *name, struct hidden *h,
               struct err *e);

/* Parse the name of an entry. False: it is not a hidden entry. */
bool hidden_parse(struct arena *m, const char *entry, struct hidden *h);

/* Take its lock. ERR_BUSY if another command works on it: "`what` is in use by ...". */
int hidden_lock(struct hidden *h, const char *what, struct err *e);

/* Release the lock. */
void hidden_done(struct hidden *h);

/* Lock a name while a jail of that name is created in jails/, which is open. Returns the lock,
 * for hidden_unlock_name. Programs do not inherit it: it ends with us. ERR_BUSY if another
 * command creates that jail, at the deadline (base/wait.h) still. */
int hidden_lock_name(int jails, const char *name, int64_t deadline, struct err *e);
void hidden_unlock_name(int *lock);

/* Mark a directory as the entry; is it marked as this entry? */
int hidden_mark(const struct hidden *h, int dir, struct err *e);
bool hidden_is_marked(const struct hidden *h, int dir);

/* hidden_mark_bare marks a directory that must stay empty, such as a mount point: with the
 * attribute only, or not at all. hidden_unmark removes either mark. */
void hidden_mark_bare(const struct hidden *h, int dir);
void hidden_unmark(const struct hidden *h, int dir);

/* The file that is the mark if the file system has no attributes. It must be the last file of
 * the directory that is deleted. */
#define HIDDEN_FILE ".jlmkr-mark"

#endif
