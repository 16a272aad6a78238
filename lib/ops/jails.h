/* Where jails are: DIR/jails, a dataset or a directory
 *
 * It is made as a ZFS dataset when DIR is where one is mounted. Mountpoints decide, not
 * names, and a jail that is a directory in a dataset is one as well.
 */
#ifndef OPS_JAILS_H
#define OPS_JAILS_H

struct arena;
struct err;

/* Where jails are made: jails/, open, and its dataset or NULL. */
struct jails {
	struct arena *m;
	int fd;
	const char *home;
};

/* Make DIR/jails if it is missing, as a dataset when DIR is one, and open it. One whose
 * dataset is not mounted is refused: jails made beneath would be hidden by it; and one that
 * is not root's alone (disk/owner.h). */
int jails_open(struct arena *m, const char *dir, struct jails *j, struct err *e);

/* The same for one that must be there. */
int jails_look(struct arena *m, const char *dir, struct jails *j, struct err *e);

/* The dataset that jails_open would find or make; NULL: none. */
const char *jails_home(struct arena *m, const char *dir);

/* DIR/images, made likewise: its dataset, or NULL when it is none. */
const char *jails_images(struct arena *m, const char *dir);

void jails_close(struct jails *j);

#define AUTOJAILS __attribute__((cleanup(jails_close))) struct jails

#endif
