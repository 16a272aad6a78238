/* Where jails are: DIR/jails, a dataset or a directory
 *
 * It is made as a ZFS dataset when DIR is where one is mounted. Mountpoints decide, not
 * names, and a jail that is a directory in a dataset is one as well.
 */
#ifndef STORE_HOME_H
#define STORE_HOME_H

struct arena;
struct err;

/* Where jails are made: jails/, open, and its dataset or NULL. */
struct home {
	struct arena *m;
	int fd;
	const char *home;
	const char *path;
};

/* Make DIR/jails if it is missing, as a dataset when DIR is one, and open it. Refused when
 * something would be made beneath a mount, as by home_check, when it is not root's alone
 * (disk/owner.h), and when a flag of jails/ keeps what is made in it from being renamed. */
int home_open(struct arena *m, const char *dir, struct home *j, struct err *e);

/* The same for one that must be there. */
int home_look(struct arena *m, const char *dir, struct home *j, struct err *e);

/* ERR_HOST, with the next step, when the datasets of DIR, DIR/jails or DIR/images are not
 * mounted: what is made in the directory beneath would keep them from being mounted for good. */
int home_check(struct arena *m, const char *dir, struct err *e);

/* The dataset that home_open would find or make; NULL: none. */
const char *home_path(struct arena *m, const char *dir);

/* DIR/images, made likewise: its dataset, or NULL when it is none. */
const char *home_images(struct arena *m, const char *dir);

/* The lock of jails/ itself, held for moments, while names come and go: a descriptor, whose
 * closing ends it. Programs inherit it: a zfs that outlives us keeps others away until it has
 * ended. */
int home_lock(const struct home *j, struct err *e);

/* The name that the dataset of an entry has; the dataset that is mounted at an open one, NULL:
 * none. Not every jail in a dataset is one. */
const char *home_dataset(const struct home *j, const char *entry);
const char *home_mounted(const struct home *j, int entry);

/* Open an entry of jails/, a directory. */
int home_open_entry(const struct home *j, const char *entry, struct err *e);

void home_close(struct home *j);

#define AUTOHOME __attribute__((cleanup(home_close))) struct home

#endif
