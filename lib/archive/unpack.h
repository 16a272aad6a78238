/* A root archive, unpacked into an empty directory
 *
 * The archive comes from strangers. A child process unpacks it that has the
 * directory as its root, no other descriptor than two pipes, no network, and no
 * capability or system call but those that making files takes (confine.h); names are
 * resolved there without following any link. The archive goes in through a pipe, so
 * that it can be unpacked while it is still on its way. Needs root.
 *
 * Read: tar (ustar, GNU, pax, sparse files), plain or in xz, zstd or gzip.
 * Kept: numeric owners, modes with setuid, times, hard links, harmless devices
 * (device.h), fifos, extended attributes with file capabilities, POSIX ACLs, holes.
 * Not kept: other devices and sockets (skipped, they mean nothing to a jail or
 * without their process), trusted.* attributes and the labels of the security modules
 * of the machine that made the archive.
 * Refused, each with the name of the entry: absolute names, `..`, anything
 * through or over a link, hard links to what the archive did not bring; an
 * archive that ends early, is damaged, empty or larger than the limits.
 *
 * What was unpacked before a refusal stays in the directory: the caller removes
 * the tree. Nothing is synced. SIGPIPE must be ignored (signals_catch).
 */
#ifndef ARCHIVE_UNPACK_H
#define ARCHIVE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* 0: the maximum below. */
struct unpack_limits {
	uint64_t bytes;		/* of the tar inside, headers and all; 4 KiB for each hole */
	uint64_t entries;	/* directories on the way to them and attributes, too */
	bool no_devices;	/* not even harmless ones */
};

#define UNPACK_BYTES_MAX	(UINT64_C(64) << 30)
#define UNPACK_ENTRIES_MAX	UINT64_C(5000000)

struct unpack_report {
	uint64_t entries;
	uint64_t bytes;		/* of file contents, holes not counted */
	uint64_t bare;		/* entries whose attributes or ACLs the file system cannot keep */
	uint64_t skipped;	/* devices that were not made, hard links to them among them */
};

/* An unpacking under way. A zeroed one is none. */
struct unpack {
	int in;			/* the archive's bytes go here: see unpack_feed */
	int said;		/* what the child tells at its end */
	int pidfd;
	pid_t pid;
};

/* Start unpacking into the open directory `dir`, which is borrowed for the call.
 * `limits` may be NULL: the usual ones. On success unpack_end or unpack_abort
 * must follow. */
int unpack_begin(struct unpack *u, int dir, const struct unpack_limits *limits, struct err *e);

/* Hand in the next bytes of the archive; waits while the child is busy. When the
 * child has given up, its sentence is the fault; the child is gone then. */
int unpack_feed(struct unpack *u, const void *data, size_t n, struct err *e);

/* Say that the archive is complete, wait until all of it lies in the directory.
 * `r` may be NULL. Whatever is returned, the child is gone. */
int unpack_end(struct unpack *u, struct unpack_report *r, struct err *e);

/* Stop and forget. Safe on a zeroed struct, after unpack_end, after a failure. */
void unpack_abort(struct unpack *u);

#endif
