/* What is there already of the files of an archive
 *
 * An archive of pack.h that is sent to another machine need not have again what that machine
 * has of an earlier one. For each regular file with contents there is a record: a hash of its
 * path, and a hash over all of its headers in the tar and its contents, that is over everything
 * that makes the file. In place of a file that is known by its record the archive has an entry
 *
 *	same/PATH
 *
 * whose contents are that second hash. Who unpacks it makes PATH a hard link of the file that
 * is there (unpack_known in unpack.h).
 *
 * Records are of a fixed size, so that a list of them that was cut is a list still. They come
 * from another machine: nothing but their number is believed.
 */
#ifndef ARCHIVE_HAVE_H
#define ARCHIVE_HAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/sha256.h"

struct arena;
struct err;
struct tar_entry;

#define HAVE_SAME "same/"

enum { HAVE_HASH = 16, HAVE_MAX = 2 << 20 };	/* of SHA-256; records in a list */

struct have_record {
	unsigned char path[HAVE_HASH], sum[HAVE_HASH];
};

struct have {
	struct arena *m;
	struct have_record *v;
	size_t n, room;
};

/* The hash of a path in the archive. */
void have_path(const char *path, unsigned char hash[HAVE_HASH]);

/* Begin the hashes of an entry's headers, and of its contents, which follow: a file with holes
 * has a map before them. */
void have_begin(const struct tar_entry *n, struct sha256 *heads, struct sha256 *content);

/* The other one: of the headers, and of the digest of the contents. */
void have_sum(const struct sha256 *heads, const unsigned char digest[SHA256_SIZE],
              unsigned char sum[HAVE_HASH]);

/* Add whole records; what is more than HAVE_MAX is left out. have_sort makes them ready for the
 * two below. */
void have_add(struct have *h, const void *records, size_t bytes);
void have_sort(struct have *h);

/* Whether there is a file of that path; with that hash. */
bool have_knows(const struct have *h, const char *path);
bool have_has(const struct have *h, const char *path, const unsigned char sum[HAVE_HASH]);

/* Records of files that are whole, in memory that a child shares with us. It is not trusted:
 * have_notes_n is never more than HAVE_MAX. */
struct have_notes {
	size_t n;
	struct have_record v[HAVE_MAX];
};

struct have_notes *have_notes_new(struct err *e);
void have_notes_free(struct have_notes *notes);	/* safe on NULL */
void have_note(struct have_notes *notes, const char *path,
               const unsigned char sum[HAVE_HASH]);
size_t have_notes_n(const struct have_notes *notes);

#endif
