/* Walk to the directory in the new tree where the next file goes
 *
 * Archives name every file by its whole path. The walk keeps all directories open from
 * the root of the tree down to the last used one, because the next file is most often in
 * the same directory. A step down is one openat, which does not follow links. A directory
 * that an entry needs and that does not exist is created. When the walk leaves a
 * directory, it restores the time that the directory had, or sets the one from the
 * archive, because files created inside have changed it. Directories created on the way
 * count against the quota of files: a short name can lead through hundreds of them.
 *
 * Paths are hostile: path_walk_clean refuses those that lead outside. In a tree of layers a
 * step may be a link to a directory, because paths of one layer do go through links of another
 * (lib, once it is a link to usr/lib); such a link is followed inside the root.
 */
#ifndef ARCHIVE_PATH_WALK_H
#define ARCHIVE_PATH_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct err;
struct looking;

enum { PATH_WALK_MAX = 256 };	/* directories in a path; each is an open descriptor */

/* How many more files may be created, and the limit, for the message. */
struct quota {
	uint64_t left, max;
	bool fixed;		/* the message names no option for it */
};

/* Count one more: ERR_UNTRUSTED if that is too many. */
int quota_take(struct quota *q, struct err *e);

/* The same for a quota of bytes. */
int quota_take_bytes(struct quota *q, uint64_t n, struct err *e);

struct step {
	int fd;
	size_t end;		/* of its name in `path`; the root's is 0 */
	struct timespec mtime;
	bool changed;		/* set the time when leaving */
	bool hands_down;	/* new files in it inherit an ACL or its group */
};

struct path_walk {
	struct step step[PATH_WALK_MAX];
	int depth;		/* the step we are in, 0 is the root */
	struct quota *quota;	/* NULL: no limit */
	struct looking *looking;	/* nothing is created, it is noted here; NULL: it is */
	bool layered;		/* a layer onto others: see unpack_begin_layer */
	char path[PATH_MAX];	/* of the step we are in, without slash at either end */
};

/* Begin in the open directory `root`, which path_walk_end closes. `quota` is borrowed until
 * then, and may be NULL. */
int path_walk_begin(struct path_walk *t, int root, struct quota *quota, struct err *e);

/* Leave all directories. -1 if a time cannot be set. */
int path_walk_end(struct path_walk *t, struct err *e);

/* Copy `name` without empty and "." parts; "" is the root itself. Absolute names, ".." and
 * names that are too long are a fault. */
int path_walk_clean(char out[PATH_MAX], const char *name, struct err *e);

/* Go to the directory of the clean path `path`, of which the first `n` bytes count.
 * NULL on failure. The step stays valid until the next call. */
struct step *path_walk_go(struct path_walk *t, const char *path, size_t n, struct err *e);

/* Go to the directory that contains the clean path `path`; `*name` becomes its last part. */
struct step *path_walk_go_above(struct path_walk *t, const char *path, const char **name,
                                struct err *e);

/* Open the directory of a hard link's target `path`, without moving the walk or creating
 * anything. The caller closes it. -1 on failure. */
int path_walk_look_above(const struct path_walk *t, const char *path, const char **name,
                         struct err *e);

#endif
