/* What is beside the jail's own files in a rollback: datasets below its own (rollback_below.c),
 * directories that are kept (rollback_keep.c)
 *
 * The files of each dataset are copied into it, beside the old ones, and exchanged with these
 * when the jail's are:
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
#define MOVES "moves"

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

/* ERR_INPUT if one of r->keep is there and not a directory, nor a link that may lead to one. */
int keep_check(const struct snapshots *s, char *const *paths, struct err *e);

/* Copy them into the new root file system in `work`, or write down how they will move there:
 * then keep_move does it, just before the root file systems are exchanged, and can do it again.
 * ERR_INPUT, with nothing copied or moved, if the two root file systems do not agree on which
 * directories they are; so that no image decides whether the moves can be made. */
int keep_in(const struct snapshots *s, int work, char *const *paths, struct err *e);
int keep_move(const struct snapshots *s, int work, struct err *e);

#endif
