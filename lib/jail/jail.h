/* The jails there are
 *
 * A jail is a directory in DIR/jails with a `config`; hidden names are work in
 * progress. Finding one does not read its config: a jail with a broken one can
 * still be stopped, edited and removed. What lies inside the rootfs is hostile: it
 * is opened as if the rootfs were the root directory, and bounded.
 *
 * `dir` is the jailmaker directory, absolute.
 */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H

#include <stddef.h>

#include "lib/jail/conf.h"
#include "lib/text/osrel.h"

struct jail {
	const char *name;
	const char *path;	/* DIR/jails/NAME */
	const char *broken;	/* why it is incomplete, or NULL */
};

/* ERR_MISSING when there is no such jail, with the name that was probably meant. */
int jail_find(struct arena *m, const char *dir, const char *name, struct jail *j,
              struct err *e);

/* The same, for those who need only to know. */
int jail_check(struct arena *m, const char *dir, const char *name, struct err *e);

/* All of them, sorted by name; none when there is no DIR/jails. NULL on failure. */
struct jail *jail_find_all(struct arena *m, const char *dir, size_t *n, struct err *e);

/* Descriptors of DIR/jails, of the jail's directory and of its rootfs. A link in
 * the place of the last two is refused. */
int jail_open_jails(const char *dir, struct err *e);
int jail_open(const char *dir, const char *name, struct err *e);
int jail_open_rootfs(int jail, struct err *e);

/* The same for a jail that root is to run or to write to: ERR_UNTRUSTED unless DIR/jails and the
 * jail's directory are root's alone (disk/owner.h). */
int jail_open_own(const char *dir, const char *name, struct err *e);

/* For all jails at once: ERR_UNTRUSTED when there is a DIR/jails that is not root's alone.
 * `*doubt`: who could put another in its place, for a warning, or NULL. */
int jail_check_place(struct arena *m, const char *dir, const char **doubt, struct err *e);

/* The lock of who changes, starts or removes the jail, which goes with the descriptor. It is that
 * of the jail's name: in the jail's directory it would keep a dataset busy. Waits a while for
 * others. ERR_MISSING when there is no such jail, or it went meanwhile. */
int jail_lock(const char *dir, const char *name, struct err *e);

/* The jail's config; faults name the file and the line. `own`: as root will run it. */
int jail_conf(struct arena *m, const char *dir, const char *name, struct conf *c,
              struct err *e);
int jail_conf_own(struct arena *m, const char *dir, const char *name, struct conf *c,
                  struct err *e);

/* What the rootfs says it is. ERR_MISSING when it does not say. */
int jail_os(struct arena *m, int rootfs, struct osrel *out, struct err *e);

/* The same for a jail by its name. */
int jail_release(struct arena *m, const char *dir, const char *name, struct osrel *out,
                 struct err *e);

/* The file name that /sbin/init comes to inside the rootfs: "systemd", usually.
 * NULL with ERR_MISSING when there is no init. */
const char *jail_init(struct arena *m, int rootfs, struct err *e);

#endif
