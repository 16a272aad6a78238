/* Places in a rootfs for files of the host to be bound over
 *
 * nspawn makes those that are missing, but not on a rootfs that it mounts read-only, and they
 * stay. So they are made here: empty files and folders, noted in the file .nvidia beside the
 * config beforehand, and removed by mountpoints_remove. Every name is resolved inside the root; what the
 * user has mounted there is not changed. They belong to who has their folder.
 */
#ifndef GPU_MOUNTPOINTS_H
#define GPU_MOUNTPOINTS_H

struct arena;
struct err;
struct nvidia;
struct words;

/* Make what is missing of nv's places. Those that cannot be one, because something of another
 * kind or a link that leads nowhere is in the way, or because they would lie on another file
 * system, are added to `unfit`. */
int mountpoints_make(struct arena *m, int jail, int root, const struct nvidia *nv, struct words *unfit,
                     struct err *e);

/* Remove what is empty of those made before. The jail must not run: to remove what it has
 * mounted something on would unmount it there. */
void mountpoints_remove(struct arena *m, int jail, int root);

#endif
