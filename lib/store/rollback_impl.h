/* The datasets below that of a jail in a rollback (rollback_below.c)
 *
 * The files of each are copied into it, beside the old ones, and exchanged with these when the
 * jail's are:
 *
 *	JAIL/.rollback/below		their names, without that of the jail's dataset
 *	DATASET/.jlmkr-rollback/
 *		rootfs/			what will be in it, complete when `swap` exists,
 *		in/			or the rest of that, after all of the old files went to
 *		old/
 */
#ifndef STORE_ROLLBACK_IMPL_H
#define STORE_ROLLBACK_IMPL_H

struct err;
struct rollback;
struct snapshots;

#define WORK ".rollback"
#define FILES ".rollback-files"
#define FILES_KIND "rollback"

/* Set r->below. ERR_INPUT if one of them cannot be rolled back to that snapshot. */
int below_check(const struct snapshots *s, struct rollback *r, struct err *e);

/* Write their names down in the directory `work`, and copy what they had. The clone of the
 * jail's own files is there. */
int below_copy(const struct snapshots *s, const struct rollback *r, int work, struct err *e);

/* Unmount them, so that what they are mounted in can be exchanged. */
int below_unmount(const struct snapshots *s, int work, struct err *e);

/* Mount them again and exchange their files. Each may have been done before. */
int below_swap(const struct snapshots *s, int work, struct err *e);

/* Mount them again, and delete what was copied. */
int below_drop(const struct snapshots *s, int work, struct err *e);

#endif
