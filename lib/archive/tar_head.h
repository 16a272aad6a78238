/* Headers of a tar
 *
 * pax (POSIX.1-2017, pax) with what GNU tar and bsdtar have agreed on: SCHILY.xattr.NAME and
 * SCHILY.acl.access for attributes and ACLs, GNU.sparse 1.0 for holes, numbers in base 256
 * where octal digits do not suffice. Owners are numbers only. The same entry gives the same
 * bytes. Pure: for what reads the tree see disk/export_tree.h.
 */
#ifndef ARCHIVE_TAR_HEAD_H
#define ARCHIVE_TAR_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct attr;
struct str;

enum { TAR_BLOCK = 512 };

/* Where a file with holes has data: in order, apart from each other, none empty. */
struct tar_extent {
	uint64_t at, n;
};

/* Strings are borrowed. */
struct tar_entry {
	const char *path;		/* any bytes, no slash at the end */
	const char *link;		/* the target of a link; NULL: none */
	bool hard;			/* ... of a hard link */
	mode_t mode;			/* type and permissions */
	uid_t uid;
	gid_t gid;
	dev_t dev;
	struct timespec mtime;
	uint64_t size;			/* of a file, holes included */
	const struct tar_extent *extents;	/* of a file with holes; NULL: none */
	size_t extents_n;
	const struct attr *attrs;	/* ACLs as the kernel has them, too */
	size_t attrs_n;
};

/* Append the headers of an entry, whole blocks. Returns how many bytes must follow them: they
 * are the map of a file with holes, which is appended to `map`, and the contents. Attributes
 * that have no place in a tar are left out: `*lost` says so. */
uint64_t tar_head_add(struct str *out, struct str *map, const struct tar_entry *n, bool *lost);

/* Parse the 512 bytes of a header. False: it is none, or its checksum is wrong. */
struct tar_seen {
	char name[100 + 1];
	char type;
	uint64_t size;
};
bool tar_head_parse(const unsigned char *block, struct tar_seen *out);

#endif
