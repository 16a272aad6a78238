/* Where in the new tree the next file goes
 *
 * Archives name every file by its whole path. The trail holds the directories from
 * the root of the tree down to the last one used open, so that the next file, most
 * often a neighbour, is one call away. A step down is one openat without following
 * links; a directory that an entry needs and the archive did not bring is made.
 * When the trail leaves a directory, the time of change that it had, or that the
 * archive wants it to have, is put back, whatever was made in it meanwhile.
 * Directories that are made on the way count against the quota of files: a short name
 * can lead through hundreds of them.
 *
 * Paths come from strangers: path_walk_clean refuses the ones that lead outside.
 */
#ifndef ARCHIVE_PATH_WALK_H
#define ARCHIVE_PATH_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct err;

enum { PATH_WALK_MAX = 256 };	/* directories in a path; each is an open descriptor */

/* How many more may be made, and the limit, for the sentence. */
struct quota {
	uint64_t left, max;
};

/* Count one more: ERR_UNTRUSTED when that is too many. */
int quota_take(struct quota *q, struct err *e);

struct step {
	int fd;
	size_t end;		/* of its name in `path`; the root's is 0 */
	struct timespec mtime;
	bool changed;		/* the time is to be put back */
	bool hands_down;	/* an ACL or a group that new files in it get */
};

struct path_walk {
	struct step step[PATH_WALK_MAX];
	int depth;		/* the step we are in, 0 is the root */
	struct quota *quota;	/* NULL: no limit */
	char path[PATH_MAX];	/* of the step we are in, without slash at either end */
};

/* Begin in the open directory `root`, which the trail owns from now on. `quota` is borrowed
 * until path_walk_end, and may be NULL. */
int path_walk_begin(struct path_walk *t, int root, struct quota *quota, struct err *e);

/* Close everything and put times back: what that finds wrong is told. */
int path_walk_end(struct path_walk *t, struct err *e);

/* Copy `name` without leading "./", empty and "." parts: "" is the root itself.
 * Absolute names, ".." and overlong names are a fault. */
int path_walk_clean(char out[PATH_MAX], const char *name, struct err *e);

/* Go to the directory of the clean path `path`, of which the first `n` bytes count.
 * NULL on failure. The step stays valid until the next call. */
struct step *path_walk_go(struct path_walk *t, const char *path, size_t n, struct err *e);

/* Go to the directory that holds the clean path `path`; `*name` is set to the last
 * part of it. */
struct step *path_walk_go_above(struct path_walk *t, const char *path, const char **name,
                                struct err *e);

/* Open the directory of a hard link's target `path`; the trail stays where it is and
 * nothing is made. The caller closes. -1 on failure. */
int path_walk_look_above(const struct path_walk *t, const char *path, const char **name,
                         struct err *e);

#endif
