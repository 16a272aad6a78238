/* The mounts that this process sees
 *
 * Read from /proc/self/mountinfo (proc_pid_mountinfo(5)), whose fields escape
 * space, tab, newline and backslash in octal. The list shows the state at the time of
 * the call. Lines that cannot be parsed are a fault and never skipped, because the
 * result decides what may be removed.
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
	const char *root;	/* the directory of the file system that is mounted */
	const char *point;	/* the mountpoint, as seen from our root */
	const char *options;	/* of this mount: "rw,relatime" */
	const char *type;	/* "zfs", "fuse.zfs", "ext4" */
	const char *source;	/* "tank/jails", "/dev/sda1" */
	const char *super;	/* options of the file system */
};

struct mounts {
	struct mount *v;	/* in the order of mounting */
	size_t n;
};

/* Parse the text of a mountinfo file; strings live in `m`. Pure. */
int mounts_parse(struct arena *m, const char *text, struct mounts *t, struct err *e);

/* Read and parse /proc/self/mountinfo. */
int mounts_read(struct arena *m, struct mounts *t, struct err *e);

/* The mount of the open file or directory `fd` (O_PATH is enough). NULL with a fault if the
 * list does not have it. */
const struct mount *mount_of(const struct mounts *t, int fd, struct err *e);

/* The mount whose mountpoint is the absolute path `point`, the topmost if several are stacked
 * there. NULL, without a fault, if there is none. */
const struct mount *mount_at(const struct mounts *t, const char *point);

/* Whether the absolute, clean path `path` is the directory `dir` or below it. */
int mount_path_in(const char *path, const char *dir);

/* The next mount on or below the absolute path `dir`, after the mount `after` (NULL: the
 * first). NULL if there are no more. */
const struct mount *mount_beneath(const struct mounts *t, const char *dir,
                                  const struct mount *after);

/* Whether the file system keeps files on disks of this machine or in its memory. Network file
 * systems, FUSE and file systems like proc do not. */
bool mount_keeps_files(const struct mount *c);

/* The kernel's absolute path of an open file or directory, without links, to compare with
 * mountpoints. NULL on failure, also if the file was deleted. */
const char *mount_fd_path(struct arena *m, int fd, struct err *e);

#endif
