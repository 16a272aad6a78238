/* Write a jail into one file: its config and its root file system, with hashes (archive/pack.h)
 *
 * What is written is a snapshot, so that all files are of one moment: the one of a label, or
 * one that is made for it and deleted at the end. Where the store cannot make any, it is the
 * jail itself, under its lock; if it runs, that is warned of.
 *
 * In the place of its files a jail that is a dataset may be written as the stream of its
 * snapshot, in full or from an earlier snapshot on. One that is made for it then stays.
 *
 * A killed export leaves a snapshot, which the next one of the jail deletes, and no file.
 */
#ifndef OPS_EXPORT_H
#define OPS_EXPORT_H

#include <stdbool.h>

struct engine;
struct err;
struct jail;

struct export_how {
	const char *label;	/* NULL: as it is now */
	const char *file;	/* "-": standard output; NULL: its usual name, here */
	const char *compress;	/* "zstd", "xz", "gzip", "none" */
	bool zfs;		/* as a stream, */
	const char *from;	/* ... of what is new since that label; NULL: in full */
	bool force;		/* replace the file */
	bool stop;		/* if it runs, stop it for this, and start it again */
	long timeout;		/* of struct stop_how */
};

struct export_done {
	const char *file;
	char sha256[65];
	const char *label;	/* of the snapshot in a stream */
};

/* ERR_EXISTS if there is such a file; ERR_USAGE if `compress` is none of the words. */
int op_export(struct engine *en, struct jail *j, const struct export_how *how,
              struct export_done *done, struct err *e);

#endif
