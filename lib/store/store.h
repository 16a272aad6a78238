/* The directory that contains the jails or the images: DIR/jails, DIR/images
 *
 * A store is created as a ZFS dataset if one is mounted at DIR, and as a directory otherwise.
 * Mount points decide, not names. The kind of the store decides how new jails are created in
 * it. Existing jails have a kind of their own (removal.h): a store of datasets may contain
 * directories, and a store of directories may have a dataset mounted in it.
 *
 * The caller closes what it opened, also if opening it has failed. All strings live in the
 * arena.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct store_ops;
struct zfs_marked;

/* The datasets in a store as they were listed last, which saves a zfs(8); NULL: not yet. */
struct store_listed {
	const struct zfs_marked *v;
	size_t n;
	const char *also;	/* the caller's: what to list with them (zfs_list_store) */
};

struct store {
	struct arena *m;
	const struct store_ops *ops;	/* how entries are made in it (store_impl.h) */
	int fd;			/* the directory, open; -1: closed */
	const char *path;
	const char *dataset;	/* that is mounted there; NULL: none */
	struct store_listed *listed;	/* by staging_sweep; NULL: no dataset */
};

/* Open DIR/jails, and create it if it is missing. Fails if a dataset that belongs there is not
 * mounted (store_check), if others than root can change it (disk/owner.h), or if a flag of
 * jails/ prevents renames in it. */
int store_open(struct arena *m, const char *dir, struct store *s, struct err *e);

/* Open DIR/jails, which must exist. */
int store_look(struct arena *m, const char *dir, struct store *s, struct err *e);

/* What store_open would find or create. Creates nothing, and leaves nothing open. */
void store_foresee(struct arena *m, const char *dir, struct store *s);

/* ERR_HOST, with the next step, if the datasets of DIR, DIR/jails or DIR/images are not
 * mounted: files created in the empty mount point would prevent mounting them later. */
int store_check(struct arena *m, const char *dir, struct err *e);

/* Open DIR/images, and create it if it is missing. Fails if it is a link, or if others than
 * root can change it. */
int store_open_images(struct arena *m, const char *dir, struct store *s, struct err *e);

/* Open DIR/images, whoever owns it. ERR_MISSING if it does not exist. */
int store_look_images(struct arena *m, const char *dir, struct store *s, struct err *e);

/* Take the lock of the store itself, for moments only, while entries are created or renamed.
 * Returns a descriptor; closing it releases the lock. Programs inherit it: a zfs that outlives
 * us keeps the lock until it ends. */
int store_lock(const struct store *s, struct err *e);

/* The name that the dataset of an entry has or would have; NULL in a store of directories. A
 * jail in a store of datasets need not be a dataset. */
const char *store_dataset(const struct store *s, const char *entry);

/* The dataset that is mounted at an open entry; NULL: none. */
const char *store_mounted(const struct store *s, int entry);

/* ERR_EXISTS if the name is in use without an entry, for example by a dataset that is not
 * mounted. What staging_sweep has listed counts. */
int store_check_name(const struct store *s, const char *name, struct err *e);

/* ERR_EXISTS if there is a jail of that name, or the name is in use otherwise. */
int store_check_free(const struct store *s, const char *name, struct err *e);

/* Whether an entry is an empty directory, and no dataset has its name: a power cut in the
 * middle of a rename of ZFS may leave the place of a mount. */
bool store_is_left_point(const struct store *s, const char *name);

/* ERR_EXISTS if there is an entry of that name. Removes one that is left in that way. */
int store_check_entry(const struct store *s, const char *name, struct err *e);

/* Whether a dataset in the store was a clone of that snapshot when it was listed. */
bool store_has_clone(const struct store *s, const char *snapshot);

/* Open the directory of an entry. It must not be a link. */
int store_open_entry(const struct store *s, const char *entry, struct err *e);

/* Delete the directory that an entry was mounted on. Succeeds if it does not exist. If it is
 * not empty, it stays, and e->sys says so. */
int store_remove_point(const struct store *s, const char *entry, struct err *e);

void store_close(struct store *s);

#define AUTOSTORE __attribute__((cleanup(store_close))) struct store

#endif
