/* Directory trees: looked through before they are removed
 *
 * Found are files that must not be changed and are not of the tree alone, and subvolumes. No
 * link is followed and no mount entered. The tree may change meanwhile, and neither its depth
 * nor the size of a directory has a limit.
 */
#ifndef DISK_SURVEY_H
#define DISK_SURVEY_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

/* A subvolume of btrfs: its path in the tree, and what is its own for good. */
struct survey_volume {
	const char *path;
	uint64_t id;
};

struct survey {
	struct survey_volume *v;
	size_t n, room;
};

/* Look through the open directory, which faults call `shown`. ERR_HOST, with the command that
 * mends it, when a file has an immutable or append-only flag and other names, which may be
 * outside of the tree. The subvolumes in it, in `m`, are without the directory itself. */
int survey_tree(struct arena *m, int dir, const char *shown, struct survey *s, struct err *e);

/* The first of `now` that is not among `before`; NULL: there is none. */
const struct survey_volume *survey_new(const struct survey *before, const struct survey *now);

#endif
