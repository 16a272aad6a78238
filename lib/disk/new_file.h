/* A large file of the user's that appears whole or not at all
 *
 * While it is written it has no name, so that a kill leaves nothing. Where the file system
 * cannot do that (O_TMPFILE in open(2); NFS and SMB cannot), it is called .NAME.part until it
 * is complete; the next command that makes a file of that name deletes what a killed one left.
 * The folder may be of others than root: what is found there is never written to.
 */
#ifndef DISK_NEW_FILE_H
#define DISK_NEW_FILE_H

#include <stdbool.h>

struct arena;
struct err;

struct new_file {
	int folder, fd;		/* fd: to write to; -1: closed */
	const char *path, *name, *part;
	bool replace, has_part;
};

#define NO_NEW_FILE { .folder = -1, .fd = -1 }

/* Mode 0600. ERR_EXISTS if `path` exists, unless `replace`, and then only a regular file is
 * replaced. ERR_BUSY if another command is writing it. */
int new_file_open(struct arena *m, const char *path, bool replace, struct new_file *f,
                  struct err *e);

/* Write it to disk, and give it its name. */
int new_file_finish(struct new_file *f, struct err *e);

/* In any case, at the end; one that is not finished is gone. */
void new_file_close(struct new_file *f);

#define AUTONEWFILE __attribute__((cleanup(new_file_close))) struct new_file

#endif
