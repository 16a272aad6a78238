/* A jail: found once, opened once, handed down
 *
 * A jail is a directory in DIR/jails with a `config` and a `rootfs`; hidden names are work in
 * progress, and a directory with neither of them is not a jail. DIR is the jailmaker directory,
 * absolute.
 *
 * The directory, and the rootfs in it, may be a symbolic link of root's: a jail that was moved
 * to another pool. It is followed when the jail is opened (disk/trail.h), and what it leads to
 * is what the descriptors are of.
 *
 * A command opens the jails that it was given, and hands the handle to whatever it calls:
 * nothing below an applet looks a jail up by its name again. What has to be known of the
 * directory, the config and the root file system is read through the handle's descriptors, so
 * it is all of one jail, whatever becomes of the names meanwhile.
 *
 * To open a jail does not read its config: one with a broken config can be stopped, edited and
 * removed. What lies inside the rootfs is hostile: it is opened as if the rootfs were the root
 * directory (look.h), and bounded.
 */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/jail/conf.h"

/* The strings live in the arena that it was opened with. Descriptors are -1 when closed. */
struct jail {
	const char *name;
	const char *dir;	/* DIR */
	const char *path;	/* DIR/jails/NAME */
	const char *broken;	/* why it is incomplete, or NULL */
	bool is_link;		/* DIR/jails/NAME is a link, */
	bool has_linked_rootfs;	/* ... and so is the rootfs */
	dev_t dev;		/* of its directory, and its number; 0 if it cannot be opened */
	ino_t ino;

	/* for the functions below */
	int jails, fd, rootfs, lock, files;
	bool is_own;		/* jail_check_own has looked */
	bool is_bare;		/* there is neither a config nor a rootfs */
};

#define NO_JAIL { .jails = -1, .fd = -1, .rootfs = -1, .lock = -1, .files = -1 }
#define AUTOJAIL __attribute__((cleanup(jail_close))) struct jail

/* ERR_MISSING if there is no such jail, with the name that was probably meant. An incomplete
 * one is opened as far as possible. Close it in any case. */
int jail_open(struct arena *m, const char *dir, const char *name, struct jail *j,
              struct err *e);
void jail_close(struct jail *j);

/* All of them, sorted by name, with nothing open yet; none if there is no DIR/jails. NULL on
 * failure. */
struct jail *jail_find_all(struct arena *m, const char *dir, size_t *n, struct err *e);

/* Its directory and its rootfs, which the handle keeps open; they are opened when first asked
 * for. A link that root does not own is ERR_UNTRUSTED; ERR_MISSING if the jail is gone. */
int jail_dir(struct jail *j, struct err *e);
int jail_rootfs(struct jail *j, struct err *e);

/* Close these, but keep the lock: an open directory keeps a dataset busy. */
void jail_leave(struct jail *j);

/* If the name leads to another directory by now, open that. ERR_MISSING if the jail is gone. */
int jail_refresh(struct jail *j, struct err *e);

/* Whether this is the jail's directory. */
bool jail_is(const struct jail *j, const struct stat *st);

/* The lock of who changes, starts or removes the jail. It is that of the jail's name: in the
 * jail's directory it would keep a dataset busy. Waits some seconds for others, with nothing
 * open, then opens the handle anew; a link that leads nowhere is a jail still. jail_unlock is
 * harmless without a lock. */
int jail_lock(struct jail *j, struct err *e);
void jail_unlock(struct jail *j);

/* The same lock for who makes a jail of that name. Returns it: lock_drop of disk/lock.h. */
int jail_lock_name(const char *name, struct err *e);

/* In addition the lock of its root file system, which other names may lead to: for who starts
 * it. jail_unlock gives it up. */
int jail_lock_files(struct jail *j, struct err *e);

/* ERR_UNTRUSTED unless DIR/jails, the jail's directory, and a rootfs that a link leads to are
 * root's alone (disk/owner.h): for a jail that root is to run or to write to. */
int jail_check_own(struct jail *j, struct err *e);

/* Who else than root could put another jail or rootfs in the place of this one, where a link
 * leads to it: for a warning. NULL: nobody, or there is no link. */
const char *jail_doubt(struct arena *m, struct jail *j);

/* For all jails at once: ERR_UNTRUSTED if there is a DIR/jails that is not root's alone.
 * `*doubt`: who could put another in its place, for a warning, or NULL. */
int jail_check_place(struct arena *m, const char *dir, const char **doubt, struct err *e);

/* Descriptors for those who make or remove jails: DIR/jails, and the rootfs in a directory,
 * which is not a link. */
int jail_open_jails(const char *dir, struct err *e);
int jail_open_rootfs(int dir, struct err *e);

/* DIR/jails/NAME/config */
const char *jail_config_path(struct arena *m, const struct jail *j);

/* The jail's config, read anew; faults name the file and the line. `own`: as root will run
 * it. */
int jail_conf(struct arena *m, struct jail *j, struct conf *c, struct err *e);
int jail_conf_own(struct arena *m, struct jail *j, struct conf *c, struct err *e);

/* The text of the latter, for conf_check. */
char *jail_conf_own_text(struct arena *m, struct jail *j, struct err *e);

#endif
