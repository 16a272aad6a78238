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
 * and the labels of the security modules of the machine that made the archive.
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

struct check_front;
struct err;

/* 0: the maximum below. */
struct unpack_limits {
	uint64_t bytes;		/* of the tar, including headers, or of a squashfs's files;
				 * and 4 KiB for each hole */
	uint64_t entries;	/* including directories on the way to them, and attributes */
	bool no_devices;	/* skip harmless devices too */
	bool is_export;		/* refuse what is not an undamaged export (check.h) */
};

#define UNPACK_BYTES_MAX	(UINT64_C(64) << 30)
#define UNPACK_ENTRIES_MAX	UINT64_C(5000000)

struct unpack_report {
	uint64_t entries;
	uint64_t bytes;		/* of file contents, holes not counted */
	uint64_t bare;		/* entries that lost attributes or ACLs */
	uint64_t skipped;	/* devices, and hard links to them */
};

/* A running child. A zeroed one: none. */
struct unpack {
	int in;			/* the archive's bytes go here: see unpack_feed */
	int said;		/* the child writes its result here */
	int pidfd;
	pid_t pid;
	bool front_only;
};

/* Start to unpack into the open directory `dir`, which is borrowed for the call. `limits` may
 * be NULL for the defaults. On success unpack_end or unpack_abort must follow. */
int unpack_begin(struct unpack *u, int dir, const struct unpack_limits *limits, struct err *e);

/* The same for an archive in the regular file `file`, borrowed for the call: unpack_feed is not
 * used then. */
int unpack_begin_file(struct unpack *u, int file, int dir, const struct unpack_limits *limits,
                      struct err *e);

/* Whether an archive that begins with these bytes is better unpacked from a file; four bytes
 * are enough to tell. */
bool unpack_wants_file(const void *head, size_t n);

/* Start a child that checks an export of a jail and unpacks nothing. `front`, from
 * unpack_front_new, is filled unless it is NULL; `front_only`: it ends there, and after an
 * archive of another kind has shown that it is none. */
int unpack_begin_check(struct unpack *u, struct check_front *front, bool front_only,
                       struct err *e);

/* Memory that the child shares with us; what it has put there is as hostile as the archive.
 * NULL on failure. unpack_front_free is safe on NULL. */
struct check_front *unpack_front_new(struct err *e);
void unpack_front_free(struct check_front *front);

/* Pass the next bytes of the archive to the child; waits while it is busy. If the child has
 * failed, the fault is its own. After any failure the child has ended. Returns 1 if a child
 * that reads the front only has ended well, and needs no more. */
int unpack_feed(struct unpack *u, const void *data, size_t n, struct err *e);

/* The archive is complete: wait until all of it is unpacked. `r` may be NULL. The child has
 * ended when this returns, also on failure. */
int unpack_end(struct unpack *u, struct unpack_report *r, struct err *e);

/* Kill the child. Safe on a zeroed struct, after unpack_end, and after a failure. */
void unpack_abort(struct unpack *u);

#endif
