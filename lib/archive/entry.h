/* One entry of an archive, made in the tree that a trail walks
 *
 * Makes files, directories, links, devices and fifos with all that belongs to
 * them, and never through or over a link. What came earlier in the archive under
 * the same name is replaced, unless it is a link or a directory. Runs as root in a
 * process of its own (lib/archive/unpack.c), whose umask is 0 and whose working
 * directory may change. Here `e` is never NULL.
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
	const char *link;		/* what a symbolic link says */
	mode_t mode;			/* type and permissions */
	uid_t uid;
	gid_t gid;
	dev_t dev;
	struct timespec mtime;
	struct attr *attrs;
	size_t attrs_n;
};

/* Whether an attribute of that name is set, or left out as another machine's. */
bool entry_keeps(const char *attr);

/* Make anything but a regular file with contents. `*bare` is set when attributes could
 * not be had here. 1, and nothing is made, for a device that this system forbids. */
int entry_make(struct path_walk *t, const struct entry *n, bool *bare, struct err *e);

/* Make a regular file and open it for writing; entry_finish gives it owner, mode,
 * attributes and time. The trail must not be moved between the two. */
int entry_open(struct path_walk *t, const struct entry *n, struct err *e);
int entry_finish(struct path_walk *t, const struct entry *n, int fd, bool *bare, struct err *e);

/* Set an attribute of something made before. */
int entry_set_attr(struct path_walk *t, const char *path, const struct attr *a, bool *bare,
                   struct err *e);

#endif
