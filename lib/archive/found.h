/* What an archive contains, without unpacking it
 *
 * A child of the same kind reads it, with the same walls (unpack.h), in a directory that
 * nothing can be created in. It notes what it finds in memory that it shares with us, which is
 * as hostile as the archive: only the ends of texts and the sizes are made sure of.
 *
 * There are three ways: to its end, as if it were unpacked (what is noted is what tells a root
 * file system, and what kind of jail it makes); the front of an export of a jail; all of an
 * export, against its manifest.
 */
#ifndef ARCHIVE_FOUND_H
#define ARCHIVE_FOUND_H

#include <stddef.h>
#include <stdint.h>

#include "lib/archive/check.h"
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
enum { FOUND_DISK = 1,		/* the disk of a virtual machine */
       FOUND_LAYERS = 2 };	/* an image in layers */

struct archive_found {
	struct check_front front;	/* only of unpack_begin_front, and nothing else then */
	struct found_root roots[FOUND_PLACES];
	uint32_t bits;
	char metadata[FOUND_METADATA_MAX];	/* metadata.yaml at the top, ended by a NUL */
	size_t metadata_n;		/* 0: there is none; the limit: it is longer */
};

/* Shared memory, empty. NULL on failure. found_free is safe on NULL. */
struct archive_found *found_new(struct err *e);
void found_free(struct archive_found *found);

/* Look at the archive in the regular file `file`, which is borrowed. What unpacking refuses is
 * refused here, unless it is about what is there already. `r` may be NULL. `out` is from
 * found_new. */
int unpack_look(int file, const struct unpack_limits *limits, struct unpack_report *r,
                struct archive_found *out, struct err *e);

/* Unpack the archive in the regular file `file`, but of its files only JSON texts up to
 * TEXTS_EACH: the others become holes of their size. Returns the open directory that they are
 * in; it has no name, and goes with the descriptor. For what describes an image in layers. */
enum { TEXTS_EACH = 4 << 20, TEXTS_ENTRIES = 100000 };
int unpack_texts(int file, struct err *e);

/* By its first bytes: "tar in xz", "squashfs image". */
const char *unpack_kind(int file);

/* Start a child that reads the front of an export, to be fed like one that unpacks (unpack.h).
 * It ends there, and after an archive of another kind has shown that it is none. */
int unpack_begin_front(struct unpack *u, struct archive_found *found, struct err *e);

/* Start a child that reads all of an export: ERR_UNTRUSTED from unpack_end if it is damaged. */
int unpack_begin_check(struct unpack *u, struct err *e);

#endif
