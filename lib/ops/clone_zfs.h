/* Clones of ZFS, and those that an interrupted command has left to finish (store/clone.h) */
#ifndef OPS_CLONE_ZFS_H
#define OPS_CLONE_ZFS_H

struct arena;
struct clone_how;
struct engine;
struct err;
struct jail;
struct snapshots;
struct store;

/* Clone the jail that has these snapshots; its lock is held, and the store was listed together
 * with its dataset (struct store_listed). `*label`: of the snapshot that it depends on. */
int clone_zfs(struct engine *en, const struct snapshots *of, const struct store *jails,
              const struct clone_how *how, const char **label, struct err *e);

/* Finish a clone of that name that an earlier run has begun. 0: there is none; 1: it is
 * finished, and `*from` and `*label` are what it was cloned from. */
int clone_zfs_resume(struct arena *m, const struct store *jails, const char *name,
                     const char **from, const char **label, struct err *e);

/* The same of a jail, unless it runs. The caller holds its lock; op_clone_settle_now takes it
 * for that. */
int op_clone_settle(struct engine *en, struct jail *j, struct err *e);
int op_clone_settle_now(struct engine *en, struct jail *j, struct err *e);

#endif
