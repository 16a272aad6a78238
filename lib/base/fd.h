/* Files: read whole, written whole, opened inside a root
 *
 * Paths are relative to a directory descriptor (AT_FDCWD for the working
 * directory, which this program never changes). The `_in_root` functions resolve
 * every link as a process chrooted there would, so that a hostile tree cannot
 * lead us out of it (openat2(2), RESOLVE_IN_ROOT).
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

int write_all(int fd, const void *data, size_t n, struct err *e);

/* Read to the end; more than `limit` bytes is a fault, and so is a caught signal. The
 * text is terminated by a NUL that `*len` (may be NULL) does not count. NULL on failure. */
char *read_all(struct arena *m, int fd, size_t limit, size_t *len, struct err *e);
char *read_file(struct arena *m, int dir, const char *path, size_t limit, size_t *len,
                struct err *e);

/* Open a regular file to be read; faults call it `shown`. What is no regular file is refused
 * without being opened: to open a device may be to use it, and a pipe may have no writer. */
int open_file(int dir, const char *path, const char *shown, struct err *e);

/* Open what an O_PATH descriptor stands for: the same thing, whatever has its name by now. Who
 * has looked at it knows what it is. Does not wait for anything. -1 with errno on failure. */
int reopen(int place, int flags);

/* openat2(2), close-on-exec, by the rules RESOLVE_*; tried again while things are renamed on the
 * way, but not for ever. -1 with errno on failure: EAGAIN then, EINTR for a caught signal. */
int open_by_rules(int dir, const char *path, int flags, mode_t mode, uint64_t rules);

/* The names in the open directory `dir`, from the first one on, whatever was read of it
 * before. NULL with errno on failure; AUTODIR (lib/base/auto.h) closes it. */
DIR *dir_names(int dir);

/* "." or "..", which are among the names. */
bool is_dots(const char *name);

/* 1: the open directory is empty, 0: it is not, -1: that cannot be told. */
int dir_is_empty(int dir);

/* Put a file in place as a whole: a temporary name beside it, fsync, rename,
 * fsync of the directory, for which `dir` must be a real descriptor. A crash leaves
 * the old file or the new one. */
int replace_file(int dir, const char *name, const void *data, size_t n, mode_t mode,
                 struct err *e);

/* The same, with owner, mode, ACL and attributes of the open file `old` (base/attrs.h), which
 * is the one that goes. */
int replace_file_like(int dir, const char *name, const void *data, size_t n, int old,
                      struct err *e);

/* Write a file of a new name, synced; e->sys is EEXIST when the name is taken. */
int create_file(int dir, const char *name, const void *data, size_t n, mode_t mode,
                struct err *e);

/* A new empty file, mode 0600, in the place of `name`, opened for appending. Other hard links
 * of the old file keep what they had. */
int open_replacement(int dir, const char *name, struct err *e);

/* Remove what a replace_file of `name` that was killed has left: for who knows that nobody
 * else is at it. */
void sweep_replaced(int dir, const char *name);

/* -- inside a root, that others may change while we look --
 *
 * `root` is a directory; `path` may be absolute, and every link on the way is followed inside the
 * root. Names that the kernel cannot resolve, because directories are renamed all the time, are
 * ERR_BUSY after a while, never waited for. What is mounted inside the root may be anybody's, or
 * not answer: nothing is ever made, replaced or removed there (e->sys is EXDEV). To make or to
 * remove means: the folder is resolved once, and what is done is done to one name in it, which is
 * not followed. No file is written to that was there before, for it may have other hard links.
 * What is new belongs to the owner and group of its folder, which is the jail's root where a jail
 * has users of its own, and has exactly the mode that is asked for, whatever the umask. */

/* open(2), crossing mounts: for the root of a running jail. The descriptor is close-on-exec. -1
 * with errno's text on failure. Unless with O_PATH, it opens devices and waits for fifos. */
int open_in_root(int root, const char *path, int flags, mode_t mode, struct err *e);

/* What is there, looked at and not opened (O_PATH, to which `flags` are added). No mount inside
 * the root is crossed: e->sys is EXDEV then. */
int place_in_root(int root, const char *path, int flags, struct err *e);

/* Open a regular file so, to be read; all else is refused without being opened: to open a device
 * may be to use it. `shown` is for the message. */
int reopen_file(int place, const char *shown, struct err *e);

/* Replace a file: one in the folder is renamed over whatever was there, a link too, but for a
 * directory. The folder must exist. Not synced: for trees that are synced as a whole. */
int write_in_root(int root, const char *path, const char *text, mode_t mode, struct err *e);

/* Make a directory, or an empty file. 0 also when something has the name, which is left alone. */
int mkdir_in_root(int root, const char *path, mode_t mode, struct err *e);
int touch_in_root(int root, const char *path, mode_t mode, struct err *e);

/* Remove a file or link. Nothing by that name is a success. */
int unlink_in_root(int root, const char *path, struct err *e);

/* Read a regular file, crossing mounts; NULL with e->sys ENOENT when there is none. */
char *read_in_root(struct arena *m, int root, const char *path, size_t limit, struct err *e);

#endif
