/* Create one entry of an archive in the new tree
 *
 * Creates files, directories, links, devices and fifos with their owners, modes,
 * attributes and times, and never through or over a link. An earlier entry of the same
 * name is replaced, unless it is a link or a directory. In a tree of layers (path_walk.layered)
 * it is replaced whatever it is; only a directory over a directory keeps what is in it. Runs as
 * root in a process of its own (lib/archive/unpack.c), whose umask is 0 and whose working
 * directory may change.
 *
 * This is where the readers of all formats hand over what they find. If the archive is only
 * looked at (path_walk.looking), the entries are noted there, and nothing is created.
 * Here `e` is never NULL.
 */
#ifndef ARCHIVE_ENTRY_H
#define ARCHIVE_ENTRY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "lib/archive/path_walk.h"

struct attr {
	const char *name;	/* "security.capability" */
	const void *value;
	size_t size;
};

struct entry {
	char path[PATH_MAX];		/* clean: see path_walk_clean */
	char target[PATH_MAX];		/* of a hard link, clean; else "" */
	const char *link;		/* the target of a symbolic link */
	mode_t mode;			/* type and permissions */
	uid_t uid;
	gid_t gid;
	dev_t dev;
	struct timespec mtime;
	struct attr *attrs;
	size_t attrs_n;
	bool trusted;			/* set attributes in "trusted." too */
};

/* Whether an attribute of that name is kept; attributes of the other machine are not. */
bool entry_keeps(const char *attr);

/* Whether it is a label of a security module, which has a meaning on the machine that made it
 * only. That it is not kept is no loss. */
bool entry_is_label(const char *attr);

/* Create anything but a regular file with contents. Sets `*bare` if the file system cannot keep
 * its attributes. Returns 1, and creates nothing, for a device that this system forbids. */
int entry_make(struct path_walk *t, const struct entry *n, bool *bare, struct err *e);

/* Create a regular file and open it for writing; entry_finish sets its owner, mode, attributes
 * and time. The walk must not move between the two. */
int entry_open(struct path_walk *t, const struct entry *n, struct err *e);
int entry_finish(struct path_walk *t, const struct entry *n, int fd, bool *bare, struct err *e);

/* Write contents at a place in the open file. */
int entry_write(struct path_walk *t, int fd, const void *data, size_t n, off_t place,
                struct err *e);

/* Make the open file that large: its end is a hole. */
int entry_extend(struct path_walk *t, int fd, off_t size, struct err *e);

enum { DISK_BLOCK = 4096 };	/* what a piece of a file with holes takes at least */

/* Set an attribute of an earlier entry. */
int entry_set_attr(struct path_walk *t, const char *path, const struct attr *a, bool *bare,
                   struct err *e);

#endif
