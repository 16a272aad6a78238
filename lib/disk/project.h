/* Limit what the files of a directory may take, with a project of its file system
 *
 * A project is a number that files have, and a limit on what all files with that number take
 * together. New files have the number of the directory that they are created in. ext4 and XFS
 * have projects if they are mounted with prjquota (quotactl(2)), OpenZFS has them in each
 * dataset (projectquota@ID, zfs-project(8)). What is neither a directory nor a regular file
 * cannot be given a number, so links that were there before do not count.
 *
 * The number is made of the directory's inode, so that none has to be kept anywhere: a
 * directory with another number is in a project of somebody else, which is left alone. Someone
 * who is root on the host can take files out of a project, and root in a jail without
 * --private-users is: the limit is against accidents.
 */
#ifndef DISK_PROJECT_H
#define DISK_PROJECT_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* In bytes. */
struct project {
	uint64_t limit, used;
};

/* The limit of the open directory that project_limit has set. False: none. */
bool project_read(int dir, struct project *p);

/* Whether it is that. */
bool project_has_limit(int dir, uint64_t bytes);

/* Take the open directory and all in it into its project, and set the limit. ERR_HOST if the
 * file system has no projects, if the files take more already (not known of ZFS), or if they
 * are in a project of somebody else. Messages call it `shown`. A second call finishes what was
 * interrupted. */
int project_limit(int dir, const char *shown, uint64_t bytes, struct err *e);

/* Whether it counts for processes with CAP_SYS_RESOURCE, too: not on ext4. */
bool project_binds_root(int dir);

/* Remove the limit, if there is one. */
int project_lift(int dir, struct err *e);

/* Remove that of the directory `name` in `dir`, if there is one. Ignores faults: at worst a
 * limit stays that nothing counts for. */
void project_lift_at(int dir, const char *name);

#endif
