/* Mark the files and directories that jlmkr may delete
 *
 * A name proves nothing, because a user may have created a file of any name. Everything in the
 * cache gets a mark when it is created, and jlmkr deletes only what has one.
 *
 * The mark of a file or directory is the extended attribute trusted.jlmkr, or user.jlmkr if
 * that cannot be set. If the file system supports neither, it is a small file beside it,
 * .jlmkr-INODE, which stays valid when the marked file is renamed within its folder. ZFS
 * datasets have a user property (lib/disk/zfs.h).
 *
 * The text of a mark has the SHA-256 of the image in 64 lower-case digits:
 *
 *	image:SHA256			a part of that image, or incomplete
 *	whole:SHA256			complete; more may follow behind another colon
 *
 * A mark that does not fit the name of its file does not count. Mount points never count as
 * ours, and links are never followed.
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

/* A copy of the SHA-256 at the begin of `text`; NULL if there is none. */
const char *mark_digits(struct arena *m, const char *text);

/* Whether this is the text of a mark for `sha256`. */
bool mark_fits(const char *text, const char *sha256);

/* Open the regular file or directory `name` in `dir` with these flags of open(2). -1 with errno
 * if it does not exist (ENOENT), is a mount point (EXDEV), a link (ELOOP) or of another kind
 * (EINVAL). The last is not opened, because that could have effects in a driver. */
int mark_open(int dir, const char *name, int flags);

/* Mark the open file or directory `fd`, whose name is in `dir`, or replace its mark. */
int mark_set(int dir, int fd, const char *text, struct err *e);

/* Read the mark of `fd`; "" if it has none. */
void mark_get(int dir, int fd, char text[MARK_MAX]);

/* Whether `fd` has a mark for that image. */
bool mark_is_of(int dir, int fd, const char *sha256);

/* Whether `name` in `dir` is still the file that is open as `fd`. */
bool mark_is_named(int dir, const char *name, int fd);

/* A message that `name` in `dir`, which is at `path`, is not deleted, because it has no mark or
 * is a mount point. */
const char *mark_none(struct arena *m, int dir, const char *path, const char *name);

/* Delete the file `name`, if it is still the one that is open as `fd`, and its mark. */
int mark_unlink(int dir, const char *name, int fd, struct err *e);

/* Delete the mark beside the deleted file that is still open as `fd`. */
void mark_forget(int dir, int fd);

/* Delete the marks beside files that others have deleted. */
void mark_sweep(int dir);

#endif
