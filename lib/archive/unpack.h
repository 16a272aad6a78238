/* Unpack a root archive into an empty directory
 *
 * The archive is hostile. A child process unpacks it. It has the directory as its root,
 * no descriptors but two pipes, no network, and only those capabilities and system calls
 * that creating files needs (confine.h). It resolves names without following links. The
 * archive goes through a pipe, so that it can be unpacked while it is being downloaded.
 * Needs root.
 *
 * Read: tar (ustar, GNU, pax, sparse files), plain or in xz, zstd or gzip; squashfs 4.0
 * with xz, zstd or gzip. The first bytes tell which it is. A squashfs can only be read from
 * a file: if it comes through the pipe, the child stores it first, beside what it unpacks.
 * Kept: numeric owners, modes with setuid, times, hard links, harmless devices
 * (device.h), fifos, extended attributes with file capabilities, POSIX ACLs, holes.
 * Skipped: other devices and sockets, which are useless in a jail, trusted.* attributes
 * (except those of overlayfs in an export: overlay.h) and the labels of the security modules
 * of the machine that made the archive.
 * Refused, with the name of the entry: absolute names, `..`, names through or over a
 * link, hard links to files that are not in the archive. Refused too: an archive that
 * ends early, is damaged, empty or larger than the limits.
 *
 * After a refusal, what was unpacked so far stays in the directory: the caller removes
 * the tree. Nothing is synced. SIGPIPE must be ignored (signals_catch).
 */
#ifndef ARCHIVE_UNPACK_H
#define ARCHIVE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/archive/have.h"
#include "lib/base/sha256.h"

struct archive_found;
struct err;
struct have_notes;
struct overlay_notes;

/* For an export of which some files are here already: see have.h. */
struct unpack_known {
	struct have_notes *notes;	/* files of the root file system that are whole */
	/* Called by unpack_feed, unpack_hear and unpack_end: make the file `path`, which is
	 * clean and begins with PACK_ROOT, in the new tree a link of the one that is here. The
	 * child that asks for it is not trusted. */
	int (*link)(void *arg, const char *path, const unsigned char sum[HAVE_HASH]);
	void *arg;
};

/* 0: the maximum below. */
struct unpack_limits {
	uint64_t bytes;		/* of the tar, including headers, or of a squashfs's files;
				 * and 4 KiB for each hole */
	uint64_t entries;	/* including directories on the way to them, and attributes */
	bool no_devices;	/* skip harmless devices too */
	bool fixed;		/* the user has no option that sets them */
	bool is_export;		/* refuse what is not an undamaged export (check.h) */
	struct overlay_notes *overlay;	/* unpack_begin sets it for an export */
	const struct unpack_known *known;	/* of an export; NULL: nothing is */
	bool texts_only;	/* see unpack_texts in found.h */
	/* of an image in layers: see unpack_begin_layer */
	bool is_layer;
	uint64_t used_bytes, used_entries;	/* by the layers below */
};

#define UNPACK_BYTES_MAX	(UINT64_C(64) << 30)
#define UNPACK_ENTRIES_MAX	UINT64_C(5000000)

struct unpack_report {
	uint64_t entries;
	uint64_t bytes;		/* of file contents, holes not counted */
	uint64_t bare;		/* entries that lost attributes or ACLs */
	uint64_t skipped;	/* devices, and hard links to them */
	uint64_t used_bytes, used_entries;	/* of the limits, with the layers below */
	char diff_id[SHA256_HEX + 1];	/* the SHA-256 of the tar, if it is a layer */
};

enum { UNPACK_SAID = 2048 };

/* A running child. A zeroed one: none. */
struct unpack {
	int in;			/* the archive's bytes go here: see unpack_feed */
	int said;		/* the child writes its result here */
	int out;		/* ... and a stream here, see unstream.h; -1: none */
	int pidfd;
	pid_t pid;
	struct archive_found *found;	/* see found.h */
	bool front_only;
	int dir;			/* what is unpacked into, if there are such notes */
	struct overlay_notes *overlay;	/* see overlay.h */
	const struct unpack_known *known;
	/* If there is one: what the child has said at its end */
	char last[UNPACK_SAID];
	size_t last_n;
	bool ended;
};

/* Start to unpack into the open directory `dir`, which is borrowed for the call. `limits` may
 * be NULL for the defaults. On success unpack_end or unpack_abort must follow. */
int unpack_begin(struct unpack *u, int dir, const struct unpack_limits *limits, struct err *e);

/* The same for an archive in the regular file `file`, borrowed for the call: unpack_feed is not
 * used then. */
int unpack_begin_file(struct unpack *u, int file, int dir, const struct unpack_limits *limits,
                      struct err *e);

/* Start to unpack one layer of an OCI image, in the regular file `file`, onto the tree of those
 * below it in `dir` (layer.h: whiteouts). Here names may begin with a slash, and may go through
 * links of lower layers, which lead nowhere but into the tree; an entry replaces what has its
 * name, except that a directory keeps what is in a directory. The layer may be empty. The
 * limits are those of all layers together: set `used_bytes` and `used_entries` to those of the
 * last report. */
int unpack_begin_layer(struct unpack *u, int file, int dir, const struct unpack_limits *limits,
                       struct err *e);

/* Whether an archive that begins with these bytes is better unpacked from a file; four bytes
 * are enough to tell. */
bool unpack_wants_file(const void *head, size_t n);

/* Pass the next bytes of the archive to the child; waits while it is busy. If the child has
 * failed, the fault is its own. After any failure the child has ended. Returns 1 if a child
 * that reads the front only has ended well, and needs no more. */
int unpack_feed(struct unpack *u, const void *data, size_t n, struct err *e);

/* For who waits for more of an archive with `known` files: u->said can be read. Answer. */
int unpack_hear(struct unpack *u, struct err *e);

/* The archive is complete: wait until all of it is unpacked. `r` may be NULL. The child has
 * ended when this returns, also on failure. */
int unpack_end(struct unpack *u, struct unpack_report *r, struct err *e);

/* Kill the child. Safe on a zeroed struct, after unpack_end, and after a failure. */
void unpack_abort(struct unpack *u);

#endif
