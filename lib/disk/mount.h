/* What is mounted where, as this process sees it
 *
 * Read from /proc/self/mountinfo (proc_pid_mountinfo(5)), whose fields escape
 * space, tab, newline and backslash in octal. A snapshot: the list is as old as
 * the call. Lines that cannot be understood are a fault, never skipped, because
 * the answers decide what may be removed.
 */
#ifndef DISK_MOUNT_H
#define DISK_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

struct mount {
	uint64_t id, parent;
	unsigned major, minor;	/* of the st_dev of files in it */
	const char *root;	/* which directory of the file system is mounted */
	const char *point;	/* where, as seen from our root */
	const char *options;	/* of this mount: "rw,relatime" */
	const char *type;	/* "zfs", "fuse.zfs", "ext4" */
	const char *source;	/* "tank/jails", "/dev/sda1" */
	const char *super;	/* options of the file system */
};

struct mounts {
	struct mount *v;	/* in the order of mounting */
	size_t n;
};

/* Understand the text of a mountinfo file; strings live in `m`. Pure. */
int mounts_parse(struct arena *m, const char *text, struct mounts *t, struct err *e);

/* Read and understand /proc/self/mountinfo. */
int mounts_read(struct arena *m, struct mounts *t, struct err *e);

/* The mount that holds the open file or directory `fd` (O_PATH will do). NULL with
 * a fault when the table does not have it. */
const struct mount *mount_of(const struct mounts *t, int fd, struct err *e);

/* The mount whose mountpoint is the absolute path `point`, the topmost if several
 * are stacked there. NULL, no fault, when nothing is mounted there. */
const struct mount *mount_at(const struct mounts *t, const char *point);

/* Is the absolute, clean path `path` below the directory `dir`, or `dir` itself? */
int mount_path_in(const char *path, const char *dir);

/* The next mount on or below the absolute path `dir`, starting behind `after`
 * (NULL: from the first). NULL when there are no more. */
const struct mount *mount_beneath(const struct mounts *t, const char *dir,
                                  const struct mount *after);

/* Is it of a kind that keeps files, on disks of this machine or in its memory? Not so: what a
 * program or a server answers for, and what only looks like files. */
bool mount_keeps_files(const struct mount *c);

/* The absolute path of an open file or directory as the kernel knows it, links
 * resolved: fit to compare with mountpoints. NULL on failure, or when what `fd`
 * is has been removed. */
const char *mount_fd_path(struct arena *m, int fd, struct err *e);

#endif
