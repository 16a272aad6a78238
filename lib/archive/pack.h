/* Write the archive of a jail, which shows any damage
 *
 * A tar of these entries:
 *
 *	jlmkr-export		what it is: KEY=VALUE lines (PACK_...)
 *	config			of the jail
 *	rootfs/...		as they come
 *	jlmkr-manifest		what came: below
 *
 * In the place of rootfs/, the snapshot of a ZFS dataset may come as the stream that `zfs send`
 * has made of it, in pieces (pieces.h): PACK_FORMAT_STREAM.
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

#include "lib/archive/squeeze.h"
#include "lib/archive/tar_head.h"
#include "lib/base/arena.h"
#include "lib/base/sha256.h"
#include "lib/base/str.h"

struct err;

#define PACK_HEAD "jlmkr-export"
#define PACK_CONFIG "config"
#define PACK_ROOT "rootfs"
#define PACK_MANIFEST "jlmkr-manifest"

/* The first line of PACK_HEAD; others may follow that are not known yet. */
#define PACK_FORMAT "format=1"
#define PACK_FORMAT_STREAM "format=zfs-1"

enum { PACK_FRAME_LINE = SHA256_HEX + 7 };

/* A line of the manifest, kept with the piece of the stream in which its entry ends, and the
 * bytes of the entry in that piece. A thread hashes them while the next pieces are filled. */
struct pack_note;
struct pack_notes {
	struct arena m;
	struct pack_note *v;
	size_t n, room;
};

struct pack {
	struct squeeze *to;
	int spool;			/* the caller's */
	struct arena of_entry, of_lines;
	size_t held;			/* bytes of headers in of_entry */
	struct str lines;		/* of the manifest, not yet in the spool */
	struct sha256 frame, content;	/* content: the hashing thread's */
	struct pack_notes notes[SQUEEZE_SLOTS];
	const char *path;		/* of the current entry */
	uint64_t left, stored;		/* bytes of the current entry: to come, in all */
	uint64_t size;			/* ... as the manifest has it */
	uint64_t listed;		/* bytes of the manifest */
	uint64_t entries, lost;		/* lost: entries without some of their attributes */
};

/* Begin an archive, compressed, for the descriptor `fd`. `spool` is an empty file, for the
 * manifest until the end; where its disk is full, it becomes one in memory. Both are borrowed.
 * The squeeze lives in `m`. On any failure later the archive is worth nothing. */
void pack_begin(struct pack *p, struct arena *m, enum squeeze_kind kind, int fd, int spool);

/* Begin an entry. Unless p->left is 0 then, that many bytes must follow. */
int pack_entry(struct pack *p, const struct tar_entry *n, struct err *e);

/* A whole entry: a file of root's with these contents, of the second `when`. */
int pack_file(struct pack *p, const char *path, const void *data, size_t n, time_t when,
              struct err *e);

/* Where to put the next of them: at most `*room`. NULL on failure. */
void *pack_room(struct pack *p, size_t *room, struct err *e);
int pack_took(struct pack *p, size_t n, struct err *e);

/* The same from memory. */
int pack_add(struct pack *p, const void *data, size_t n, struct err *e);

/* Write the manifest and the end. `hex` becomes the SHA-256 of the whole file. */
int pack_end(struct pack *p, char hex[SHA256_HEX + 1], struct err *e);

/* In any case, once it has begun. */
void pack_free(struct pack *p);

#endif
