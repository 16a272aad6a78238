/* What ZFS datasets take */
#ifndef DISK_ZFS_SPACE_H
#define DISK_ZFS_SPACE_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

struct zfs_space {
	int64_t used;			/* with its snapshots, and all that is below it */
	int64_t referenced;		/* by its files, as they are now */
	int64_t snapshots;		/* what goes free when all of its snapshots go */
	int64_t quota, refquota;	/* 0: none */
	int64_t available;		/* to it: of its pool, or its quotas */
};

/* Read the `n` datasets of that names, with one run of zfs(8); a name may be there twice. */
int zfs_space_read(struct arena *m, const char *const *names, size_t n, struct zfs_space *out,
                   struct err *e);

/* Parse the output of `zfs get`. ERR_HOST if it lacks something. Pure. */
int zfs_space_parse(char *text, const char *const *names, size_t n, struct zfs_space *out,
                    struct err *e);

#endif
