/* What jails take on their disks, as far as that is known without reading all of their files */
#ifndef STORE_SPACE_H
#define STORE_SPACE_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct jail;

/* Bytes; -1: not known. */
struct space {
	const char *dataset;		/* NULL: a directory */
	int64_t used;			/* all of it, with snapshots */
	int64_t referenced;		/* its files, as they are now */
	int64_t snapshots;		/* its snapshots alone */
	int64_t quota;			/* 0: none */
	int64_t available;		/* to it */
};

/* Look at the `n` jails, with one run of zfs(8) if any of them is a dataset. Of a directory,
 * `available` and `quota` are known, `snapshots` if there are none, and the rest if it has a
 * quota. A jail that cannot be opened is warned of. */
int space_read(struct arena *m, struct jail *jails, size_t n, struct space *out, struct err *e);

#endif
