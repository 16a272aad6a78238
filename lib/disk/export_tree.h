/* Put a tree of files into an archive
 *
 * Reads the tree in the order of its names, as bytes, and passes it to archive/pack.h: the same
 * tree gives the same bytes. The tree is hostile, and may be in use. Nothing is followed, no
 * mount is entered but those that the caller has opened, and only regular files and directories
 * are opened, even if names change meanwhile. A file that grows is read up to the size it had;
 * one that shrinks is filled up with zeros.
 *
 * Sockets are skipped: they exist as long as their program. Skipped with a warning: what is
 * mounted in the tree, and paths that unpacking would refuse because of their length or depth
 * (archive/path_walk.h). A fault of the disk is a fault.
 */
#ifndef DISK_EXPORT_TREE_H
#define DISK_EXPORT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct have;
struct pack;

/* A directory that takes the place of one in the tree: what is mounted there. */
struct export_graft {
	const char *path;	/* in the archive */
	int dir;		/* open; becomes -1 where its place is found */
};

struct export_tree {
	struct pack *to;
	const char *name;	/* of the tree in the archive */
	struct export_graft *grafts;
	size_t grafts_n;
	bool frozen;		/* nobody can change it: a snapshot */
	const struct have *there;	/* what the reader has already; NULL: nothing */
	uint64_t *reached;	/* where somebody else reads `bytes`; NULL: it is shown here */
	/* the result */
	uint64_t bytes;		/* of contents, holes not counted, what is there counted */
	uint64_t changed;	/* files that changed while they were read */
	uint64_t fixed;		/* files that are immutable or append-only; that is not kept */
	uint64_t skipped;	/* entries that were warned of */
};

/* Add the directory `dir` and all that is in it. */
int export_tree(struct export_tree *t, int dir, struct err *e);

#endif
