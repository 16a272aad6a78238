/* Marks on what is made to be thrown away
 *
 * A name proves nothing: a user may have put a file under any name. Everything that jlmkr keeps
 * for speed alone gets a mark when it is made, and only what has one is ever deleted.
 *
 * The mark of a file or directory is the extended attribute trusted.jlmkr, or user.jlmkr where
 * that cannot be set. A file system that has neither gets a small file beside it, .jlmkr-INODE,
 * which a rename within the folder leaves valid. ZFS datasets have a user property
 * (lib/disk/zfs.h).
 *
 * The text of a mark names what it is of, a SHA-256 in 64 lower-case digits:
 *
 *	image:SHA256			a part of that image, or in the making
 *	whole:SHA256			complete; more may follow behind another colon
 *
 * A mark that does not fit the name of its file counts as none. Mount points are never ours, and
 * links are never followed.
 */
#ifndef DISK_MARK_H
#define DISK_MARK_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

enum { MARK_DIGITS = 64, MARK_MAX = 200 };	/* the longest text, with its NUL */

#define MARK_ATTRIBUTE "trusted.jlmkr"
#define MARK_IMAGE "image:"
#define MARK_WHOLE "whole:"

/* The SHA-256 at the beginning of `text`, copied; NULL: it begins with something else. */
const char *mark_digits(struct arena *m, const char *text);

/* Is this the text of a mark of `sha256`? */
bool mark_fits(const char *text, const char *sha256);

/* Open the regular file or directory `name` in `dir` with the flags of open(2). -1 with errno
 * when it is missing (ENOENT), mounted (EXDEV), a link (ELOOP) or of another kind (EINVAL),
 * which is not opened: that could reach a driver. */
int mark_open(int dir, const char *name, int flags);

/* Mark the open `fd`, whose name is in `dir`, or replace its mark. */
int mark_set(int dir, int fd, const char *text, struct err *e);

/* Read the mark of `fd`, "" when there is none. */
void mark_get(int dir, int fd, char text[MARK_MAX]);

/* Has `fd` a mark of that image? */
bool mark_is_of(int dir, int fd, const char *sha256);

/* Is `name` in `dir` still what is open as `fd`? */
bool mark_is_named(int dir, const char *name, int fd);

/* A sentence for whoever has put `name` into `dir`, which is at `path`: it stays, because it
 * has no mark, or something is mounted there. */
const char *mark_none(struct arena *m, int dir, const char *path, const char *name);

/* Rename in `dir`, to a name that nothing has. -1 with errno, EEXIST among them. */
int mark_rename(int dir, const char *from, const char *to);

/* Delete the file that is open as `fd`, if `name` is still it, with its mark. */
int mark_unlink(int dir, const char *name, int fd, struct err *e);

/* Delete the mark beside what is open as `fd`, and has no name any more. */
void mark_forget(int dir, int fd);

/* Delete marks that stand beside nothing: their files were deleted by others. */
void mark_sweep(int dir);

#endif
