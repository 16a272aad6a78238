/* What an archive contains, without unpacking it
 *
 * To look at an archive it is read as if it were unpacked, by the same process with the same
 * walls (unpack.h), in a directory that nothing can be created in: its entries are noted here
 * instead. What is noted is what tells a root file system, and what kind of jail it makes.
 */
#ifndef ARCHIVE_FOUND_H
#define ARCHIVE_FOUND_H

#include <stddef.h>
#include <stdint.h>

#include "lib/archive/unpack.h"

/* Where in an archive a root file system may be: at the top, in rootfs/ (an image of LXC or
 * Incus), in backup/container/rootfs/ (a backup of Incus). */
enum found_place { FOUND_TOP, FOUND_ROOTFS, FOUND_BACKUP, FOUND_PLACES };

enum { FOUND_METADATA_MAX = 64 << 10, FOUND_OS_MAX = 4096, FOUND_LINK_MAX = 512 };

/* Bits of struct found_root. */
enum { FOUND_ROOT = 1, FOUND_SYSTEMD = 2, FOUND_CLOUD_INIT = 4, FOUND_INIT = 8 };

struct found_root {
	uint32_t bits;
	char init[FOUND_LINK_MAX];	/* what /sbin/init is a link to; "" if it is none */
	char os_release[FOUND_OS_MAX];
};

/* Bits of struct archive_found. */
enum { FOUND_DISK = 1 };	/* the disk of a virtual machine */

struct archive_found {
	const char *kind;		/* by the first bytes: "tar in xz", "squashfs image" */
	struct found_root roots[FOUND_PLACES];
	uint32_t bits;
	char metadata[FOUND_METADATA_MAX];	/* metadata.yaml at the top, ended by a NUL */
	size_t metadata_n;		/* 0: there is none; the limit: it is longer */
};

/* Look at the archive in the regular file `file`, which is borrowed. What unpacking refuses is
 * refused here, unless it is about what is there already. `r` may be NULL. */
int unpack_look(int file, const struct unpack_limits *limits, struct unpack_report *r,
                struct archive_found *out, struct err *e);

#endif
