/* Mount points in a root file system, for files of the host to be bound over
 *
 * nspawn creates missing ones, but not in a read-only root file system, and it leaves them
 * behind. So they are created here, as empty files and folders: first the file .nvidia beside
 * the config lists them, and mountpoints_remove deletes them. Every name is resolved inside the
 * root. Mounts of the user there do not change. Each gets the owner of its folder.
 */
#ifndef GPU_MOUNTPOINTS_H
#define GPU_MOUNTPOINTS_H

struct arena;
struct err;
struct nvidia;
struct words;

/* Create the missing ones of nv's places and folders. Adds to `unfit` those that cannot be
 * created because another kind of file or a dangling link is in the way, or because they would
 * be on another file system. */
int mountpoints_make(struct arena *m, int jail, int root, const struct nvidia *nv,
                     struct words *unfit, struct err *e);

/* Delete those that were created before and are still empty. The jail must not run: deleting a
 * mount point would unmount what the jail has mounted there. */
void mountpoints_remove(struct arena *m, int jail, int root);

#endif
