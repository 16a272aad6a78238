/* About how much the files of a tree have
 *
 * Of each regular file the bytes on the disk, at most its size; what has several names counts
 * for each of them. Follows no link, enters no mount.
 */
#ifndef DISK_MEASURE_H
#define DISK_MEASURE_H

#include <stdint.h>

/* Of the open directory. What cannot be read counts as nothing. */
uint64_t measure_tree(int dir);

#endif
