/* Read and replace whole files, and open files inside a root
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
struct stat;

int write_all(int fd, const void *data, size_t n, struct err *e);

/* Read to the end. Returns the text, ended by a NUL that `*len` (may be NULL) does not count,
 * or NULL. Fails on more than `limit` bytes and on a caught signal. */
char *read_all(struct arena *m, int fd, size_t limit, size_t *len, struct err *e);
char *read_file(struct arena *m, int dir, const char *path, size_t limit, size_t *len,
                struct err *e);

/* Open a regular file for reading; messages call it `shown`. Anything else is refused and not
 * opened, because opening a device may have effects and a fifo may have no writer. */
int open_file(int dir, const char *path, const char *shown, struct err *e);

/* Open the file that the O_PATH descriptor `place` refers to, even if its name now belongs to
 * another one; so a caller can check a file before it opens it. Never waits. -1 with errno on
 * failure. */
int reopen(int place, int flags);

/* openat2(2) with the RESOLVE_* flags in `rules`, close-on-exec. While renames get in the way
 * it tries again, for two seconds at most. -1 with errno on failure: EAGAIN after that time,
 * EINTR for a caught signal. */
int open_by_rules(int dir, const char *path, int flags, mode_t mode, uint64_t rules);

/* A stream of the names in the open directory `dir`, independent of other readers of it. NULL
 * with errno on failure; AUTODIR (lib/base/auto.h) closes it. */
DIR *dir_names(int dir);

/* Whether both are the same file. */
bool same_file(const struct stat *a, const struct stat *b);

/* Rename in `dir` to a name that does not exist. -1 with errno, EEXIST if it does. A few file
 * systems cannot promise this: there it may replace a file that is created meanwhile. */
int rename_new(int dir, const char *from, const char *to);

/* What has this name in the directory `next` takes the place of that in `now`, which goes to
 * `next` instead, from one moment to the next. Where the file system cannot exchange two names,
 * it goes there as "old", and for a moment there is none in `now`. None in `now` is no fault:
 * after a kill, do it again if name_has_inode says that it was not done. */
int rename_swap(int now, int next, const char *name, struct err *e);

/* Whether the file of this name, not followed if it is a link, is that inode. */
bool name_has_inode(int dir, const char *name, uint64_t ino);

/* An entry of getdents64(2), which no header has. */
struct dir_name {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* Whether the name is "." or "..", which dir_names returns too. */
bool is_dots(const char *name);

/* Returns 1 if the open directory is empty, 0 if not, -1 if it cannot be read. */
int dir_is_empty(int dir);

/* Replace a file by one rename: writes to a temporary name in `dir`, fsync, rename, fsync of
 * `dir`, which must not be AT_FDCWD. A crash leaves the old file or the new one. */
int replace_file(int dir, const char *name, const void *data, size_t n, mode_t mode,
                 struct err *e);

/* The same, with owner, mode, ACL and attributes of the open file `old`, the one that is
 * replaced (base/attrs.h). */
int replace_file_like(int dir, const char *name, const void *data, size_t n, int old,
                      struct err *e);

/* Write a file under a new name, synced; e->sys is EEXIST if the name exists. */
int create_file(int dir, const char *name, const void *data, size_t n, mode_t mode,
                struct err *e);

/* Replace `name` by a new empty file, mode 0600, and open it for appending. Other hard links of
 * the old file keep its content. */
int open_replacement(int dir, const char *name, struct err *e);

/* Remove the temporary files of killed calls of replace_file for `name`. The caller must know
 * that no other process replaces it now. */
void sweep_replaced(int dir, const char *name);

/* The same of write_in_root. */
void sweep_replaced_in_root(int root, const char *path);

/* -- inside a root, which others may change at the same time --
 *
 * `root` is an open directory; `path` may be absolute, and every link on the way is followed
 * inside the root. If others rename directories on the path again and again, the functions fail
 * with ERR_BUSY after a while.
 *
 * A file system mounted inside the root may be anybody's, and may not answer: the functions
 * create, replace and remove nothing there (e->sys is EXDEV). They resolve the folder of `path`
 * once and then act on one name in it, which they do not follow. They never write to a file
 * that exists, because it may have other hard links. A new file gets the owner and group of its
 * folder (the jail's root, if the jail has its own user IDs), and exactly the given mode,
 * whatever the umask. */

/* Like open(2), crossing mounts: for the root of a running jail. The descriptor is
 * close-on-exec. Without O_PATH it opens devices, and waits for fifos. */
int open_in_root(int root, const char *path, int flags, mode_t mode, struct err *e);

/* An O_PATH descriptor (`flags` are added) of any kind of file, which is not opened. Crosses no
 * mount inside the root: e->sys is EXDEV then. */
int place_in_root(int root, const char *path, int flags, struct err *e);

/* Open the regular file that the O_PATH descriptor `place` refers to, for reading. Anything
 * else is refused and not opened. Messages call it `shown`. */
int reopen_file(int place, const char *shown, struct err *e);

/* Replace a file or link by a rename; fails if `path` is a directory or its folder does not
 * exist. Not synced: the caller syncs the whole tree. */
int write_in_root(int root, const char *path, const char *text, mode_t mode, struct err *e);

/* Make a directory, or an empty file. If the name exists, they leave it alone and return 0. */
int mkdir_in_root(int root, const char *path, mode_t mode, struct err *e);
int touch_in_root(int root, const char *path, mode_t mode, struct err *e);

/* Make the directories that are missing on the way to the absolute `path`. */
int mkdirs_above_in_root(int root, const char *path, mode_t mode, struct err *e);

/* Remove a file or link. Returns 0 also if it does not exist. */
int unlink_in_root(int root, const char *path, struct err *e);

/* Read a regular file, crossing mounts; NULL with e->sys ENOENT if it does not exist. */
char *read_in_root(struct arena *m, int root, const char *path, size_t limit, struct err *e);

#endif
