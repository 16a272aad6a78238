/* Write the archive of a jail, which shows any damage
 *
 * A tar of these entries:
 *
 *	jlmkr-export		what it is: KEY=VALUE lines (PACK_...)
 *	config			of the jail
 *	rootfs/...		as they come
 *	jlmkr-manifest		what came: below
 *
 * The manifest has a line for each entry before it, in order:
 *
 *	SHA-256 SIZE PATH
 *
 * The hash is that of the bytes in the tar: of a file without holes that is its content, of one
 * with holes, its map too; "-" for entries without any. In PATH a backslash and a newline are
 * written as \\ and \n. The last line, "SHA-256 frame", is of all other bytes: headers, padding
 * and the manifest up to this line. Behind it there is nothing but the end of the tar. check.h
 * reads it.
 *
 * It is a tar as tar_head.h writes it. libarchive reads ours, but does not write them: it puts
 * names that are not ASCII as something that GNU tar warns of, and has to be told everything
 * that a header is to have anyway.
 */
#ifndef ARCHIVE_PACK_H
#define ARCHIVE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/archive/tar_head.h"
#include "lib/base/arena.h"
#include "lib/base/sha256.h"
#include "lib/base/str.h"

struct err;
struct squeeze;

#define PACK_HEAD "jlmkr-export"
#define PACK_CONFIG "config"
#define PACK_ROOT "rootfs"
#define PACK_MANIFEST "jlmkr-manifest"

/* The first line of PACK_HEAD; others may follow that are not known yet. */
#define PACK_FORMAT "format=1"

enum { PACK_FRAME_LINE = SHA256_HEX + 7 };

struct pack {
	struct squeeze *to;		/* the caller's */
	int spool;			/* a file of the caller's, for the manifest until the end */
	struct arena of_entry, of_lines;
	struct str lines;		/* of the manifest, not yet in the spool */
	const char *path;		/* of the current entry */
	struct sha256 frame, content;
	uint64_t left, stored, size;	/* of the current entry: bytes to come, in all; its size */
	uint64_t listed;		/* bytes of the manifest */
	uint64_t entries, lost;		/* lost: entries without some of their attributes */
};

/* A zeroed one with `to` and `spool` set. On any failure the archive is worth nothing. */
void pack_begin(struct pack *p);

/* Begin an entry. Unless p->left is 0 then, that many bytes must follow. */
int pack_entry(struct pack *p, const struct tar_entry *n, struct err *e);

/* Where to put the next of them: at most `*room`. NULL on failure. */
void *pack_room(struct pack *p, size_t *room, struct err *e);
int pack_took(struct pack *p, size_t n, struct err *e);

/* The same from memory. */
int pack_add(struct pack *p, const void *data, size_t n, struct err *e);

/* Write the manifest and the end of the tar. The caller ends the squeeze. */
int pack_end(struct pack *p, struct err *e);

/* In any case. */
void pack_free(struct pack *p);

#endif
