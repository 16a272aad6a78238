/* Subvolumes of btrfs: directories that are file systems of their own, without a mount
 *
 * In a read-only subvolume nothing can be changed until that flag is cleared.
 */
#ifndef DISK_VOLUME_H
#define DISK_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

/* Whether `fd` is on btrfs, where there may be subvolumes. */
bool volume_fs(int fd);

/* Whether the open directory is a subvolume; `*id` is its number, which never changes. */
bool volume_is(int fd, uint64_t *id);

/* Whether it is a read-only subvolume. */
bool volume_is_fixed(int fd);

/* Make it writable, if it is a subvolume. */
void volume_unlock(int fd);

#endif
