/* Read through a directory tree before it is removed
 *
 * Finds immutable files that have hard links outside of the tree, and subvolumes. It follows no
 * links and enters no mounts. The tree may change meanwhile, and neither its depth nor the size
 * of a directory has a limit.
 */
#ifndef DISK_SURVEY_H
#define DISK_SURVEY_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

/* A subvolume of btrfs: its path in the tree, and its number, which never changes. */
struct survey_volume {
	const char *path;
	uint64_t id;
};

struct survey {
	struct survey_volume *v;
	size_t n, room;
};

/* Read through the open directory, and list the subvolumes below it, in `m`. ERR_HOST, with the
 * command that fixes it, if a file has an immutable or append-only flag and other hard links,
 * which may be outside of the tree. Messages call the directory `shown`. */
int survey_tree(struct arena *m, int dir, const char *shown, struct survey *s, struct err *e);

/* The first subvolume in `now` that is not in `before`; NULL: none. */
const struct survey_volume *survey_new(const struct survey *before, const struct survey *now);

#endif
