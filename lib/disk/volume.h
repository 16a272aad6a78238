/* Subvolumes of btrfs: directories that are file systems of their own, without a mount
 *
 * A read-only one lets nobody change what is in it, until that flag is taken off.
 */
#ifndef DISK_VOLUME_H
#define DISK_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

/* Whether there may be some where this is. */
bool volume_fs(int fd);

/* Whether the open directory is a subvolume; `*id` is its own for good. */
bool volume_is(int fd, uint64_t *id);

/* Whether it is one that is read-only. */
bool volume_is_fixed(int fd);

/* Make it writable, if it is a subvolume. */
void volume_unlock(int fd);

#endif
